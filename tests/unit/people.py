"""Any events of one person, for the tests of the fold."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from shared.events.event import Context, Event
from shared.events.kinds import KINDS, Kind
from shared.profiles.fold import Terms, fold, read_terms
from shared.profiles.profile import Profile, new_profile
from shared.settings import Settings

SETTINGS = Settings()
TERMS = read_terms(SETTINGS)
START = datetime(2026, 1, 1, tzinfo=UTC)
TAGS = (None, ["wool"], ["wool", "winter"], "winter, snow", ["", 7])
AGENTS = (None, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Googlebot/2.1")


def make(number: int, kind: Kind, minutes: float, item: int, dwell_s: float | None = None) -> Event:
    return Event(
        event_id=f"e{number}",
        kind=kind,
        occurred_at=START + timedelta(minutes=minutes),
        user_id="ann",
        item_ids=(f"i{item}",),
        category=f"c{item % 3}",
        value=9.5,
        currency="EUR",
        dwell_s=dwell_s,
    )


def draw_event(number: int, rng: random.Random, span_min: int, *, states: bool) -> Event:
    """Any event: of any kind, within a few hours or the whole span, of none or some of a dozen items."""
    minutes = rng.choice([rng.randrange(200), rng.randrange(span_min)])
    tags, brand = rng.choice(TAGS), rng.choice([None, "Acme", "Initech"])
    return Event(
        event_id=f"e{number}",
        kind=rng.choice(sorted(KINDS)),
        occurred_at=START + timedelta(minutes=minutes, milliseconds=rng.choice([0, 0, 1, 999])),
        user_id="ann",
        item_ids=tuple(dict.fromkeys(f"i{rng.randrange(12)}" for _ in range(rng.choice([0, 1, 1, 1, 3])))),
        category=rng.choice([None, "shoes", "hats", "toys"]),
        value=rng.choice([None, -3.0, 0.1, 9.5, 1e6]),
        currency=rng.choice([None, "EUR", "USD"]),
        quantity=rng.choice([None, 0, 1, 2, 2.5]),
        dwell_s=rng.choice([None, 0, 1, 8, 20, 150]),
        duration_s=rng.choice([None, None, 0, 30, 3_600]),
        scroll_depth=rng.choice([None, 0.2, 0.8]),
        context=Context(user_agent=rng.choice(AGENTS)),
        consent=rng.choice([("personalization",), ("personalization", "ads"), ("ads",)]) if states else None,
        properties={name: value for name, value in (("brand", brand), ("tags", tags)) if value is not None},
    )


def draw_events(seed: int, n: int, span_min: int = 200_000, *, states: bool = False) -> list[Event]:
    rng = random.Random(seed)
    return [draw_event(number, rng, span_min, states=states) for number in range(n)]


states = st.shared(st.booleans(), key="states")
"""All or none state consent: whether an event that does not is counted is for those before it to say."""

events_of_one = st.builds(draw_events, st.integers(0, 2**32), st.integers(0, 45), states=states)
"""Fewer than any bound holds, within months."""

events_of_years = st.builds(
    draw_events, st.integers(0, 2**32), st.integers(0, 45), st.sampled_from([200_000, 900_000]), states=states
)
"""Also over so many half-lives that the oldest interests are forgotten."""


def folded(events: Sequence[Event], terms: Terms = TERMS) -> Profile:
    profile = new_profile(SETTINGS.half_life)
    fold(profile, events, terms)
    return profile
