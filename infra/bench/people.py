"""People with a past: 200 of a simulation whose profiles are of a realistic size, about 4 KB."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zlib import crc32

import msgspec

from infra.local.inputs.input import shift
from infra.local.inputs.simulate import Simulation
from infra.local.inputs.simulate.stream import END
from shared.events.event import Event, person_of
from shared.events.parse import parse_event
from shared.profiles.fold import Terms, fold, is_allowed, read_terms
from shared.profiles.profile import Profile, encode_profile, new_profile
from shared.settings import Settings

SIMULATION = Simulation(users=1_500, days=30, seed=11)
PEOPLE = 200
STATE_BYTES = 4_096
QUIET = timedelta(days=14)
VARIANTS = 3
"""Each simulated item comes in so many variants: 1,440 items instead of 480."""

EXPONENT = 1.3
"""Of popularity among an item's variants. With 208 of them the most popular fifth of all items is then 87 % of what
people meet, as under Zipf's law with an exponent of 1 over all items."""


class People(NamedTuple):
    """Known users.

    Attributes:
        events: theirs by user id, oldest first.
        profiles: what these come to.
        everybody: the events of all, of which models are made.
    """

    events: Mapping[str, Sequence[Event]]
    profiles: Mapping[str, Profile]
    everybody: Sequence[Event]
    terms: Terms


@cache
def make_people() -> People:
    """Known users whose packed state comes nearest to 4 KB, under the settings as they come."""
    settings = Settings()
    terms = read_terms(settings)
    everybody = simulate(SIMULATION, settings)
    by_user: dict[str, list[Event]] = {}
    for event in everybody:
        if event.user_id is not None and is_allowed(event, terms):
            by_user.setdefault(event.user_id, []).append(event)
    profiles = {user: fold_all(events, terms, settings) for user, events in by_user.items() if 80 <= len(events) <= 250}
    sizes = {user: len(encode_profile(profile)) for user, profile in profiles.items()}
    chosen = sorted(sizes, key=lambda user: (abs(sizes[user] - STATE_BYTES), user))[:PEOPLE]
    return People({user: by_user[user] for user in chosen}, {user: profiles[user] for user in chosen}, everybody, terms)


def simulate(simulation: Simulation, settings: Settings) -> list[Event]:
    """The simulation's events, moved to end QUIET before today, so that what a benchmark sends comes after them."""
    now = datetime.now(UTC)
    moved = shift(simulation.events(), END, now.replace(hour=0, minute=0, second=0, microsecond=0) - QUIET)
    return [_vary(parse_event(msgspec.json.encode(fields), now, settings)) for fields in moved]


def spread(people: People, variants: int, copy: int = 0) -> People:
    """The same people, had each item come in so many variants, few of them popular; another copy has met others."""
    settings = Settings()
    events = {user: [_spread(event, variants, copy) for event in found] for user, found in people.events.items()}
    profiles = {user: fold_all(found, people.terms, settings) for user, found in events.items()}
    return People(events, profiles, [_spread(event, variants, copy) for event in people.everybody], people.terms)


def variants_of(item: str, variants: int) -> list[str]:
    """What `spread` makes of an item, the most popular one first."""
    return [f"{_base(item)}-{number}" for number in range(variants)]


def fold_all(events: Sequence[Event], terms: Terms, settings: Settings) -> Profile:
    """The profile of these events."""
    profile = new_profile(settings.half_life)
    fold(profile, events, terms)
    return profile


def _vary(event: Event) -> Event:
    person = person_of(event)
    varied = tuple(f"{item}-{crc32(f'{person} {item}'.encode()) % VARIANTS}" for item in event.item_ids)
    return msgspec.structs.replace(event, item_ids=varied)


def _spread(event: Event, variants: int, copy: int) -> Event:
    person = f"{copy} {person_of(event)}"
    met = (f"{_base(item)}-{_rank(f'{person} {item}', variants)}" for item in event.item_ids)
    return msgspec.structs.replace(event, item_ids=tuple(met))


def _base(item: str) -> str:
    return item.rpartition("-")[0]


def _rank(text: str, variants: int) -> int:
    """A number below `variants`, the same for the same text, with probabilities of about (number + 1) ^ -EXPONENT."""
    rest = 1.0 - EXPONENT
    least = (variants + 1.0) ** rest
    return int((1.0 - (1.0 - least) * crc32(text.encode()) / 2**32) ** (1.0 / rest)) - 1
