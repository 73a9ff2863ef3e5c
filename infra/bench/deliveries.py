"""What is delivered to the writers: simulated events, some of them twice or more, shuffled as time shuffles them."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from math import ceil
from random import Random
from typing import NamedTuple

import msgspec

from infra.local.inputs.simulate import Simulation
from infra.local.inputs.simulate.stream import END
from shared.events.event import Event, decode_event, encode_event
from shared.events.parse import parse_event
from shared.profiles.fold import is_allowed, read_terms
from shared.profiles.profile import to_ms
from shared.settings import Settings

REPEATED = 0.3
"""Of all deliveries, the share that has been delivered before."""

PER_PERSON_DAY = 2.4
"""The simulator makes at least so many that profiles take."""

DELAY = timedelta(days=7)
SETTINGS = Settings()


class Scale(NamedTuple):
    """How large a run is.

    Attributes:
        days: of the simulation. In 90 of them one person in five comes to more events than a profile's ring holds.
        crowd: so many of the people share one account and one device: sixty send more events in seven days than a
            ring holds, so that delays make some of them late.
    """

    deliveries: int
    days: int = 90
    crowd: int = 60

    @property
    def events(self) -> int:
        """The different ones among the deliveries."""
        return round(self.deliveries * (1 - REPEATED))


class Deliveries(NamedTuple):
    """Events as topics carry them, and the order in which their places are delivered."""

    events: Sequence[bytes]
    order: Sequence[int]

    def event(self, place: int) -> Event:
        """One of them, decoded."""
        return decode_event(self.events[place])


def make_deliveries(scale: Scale) -> Deliveries:
    """Each is delivered when its event occurred plus a random delay; equal scales give equal deliveries."""
    rng, longest = Random(2), DELAY.total_seconds() * 1_000
    events, times = [], []
    for event in islice(_allowed(scale), scale.events):
        events.append(encode_event(event))
        times.append(to_ms(event.occurred_at))
    places = [*range(len(events)), *rng.choices(range(len(events)), k=scale.deliveries - scale.events)]
    due = [times[place] + rng.random() * longest for place in places]
    return Deliveries(events, [places[number] for number in sorted(range(len(places)), key=due.__getitem__)])


def _allowed(scale: Scale) -> Iterator[Event]:
    """Events that profiles take, in order of time."""
    terms, received_at = read_terms(SETTINGS), END + DELAY
    simulation = Simulation(
        users=scale.crowd + ceil(scale.events / scale.days / PER_PERSON_DAY), days=scale.days, seed=3
    )
    crowd = {name for truth in simulation.truth()[: scale.crowd] for name in truth.anonymous_ids}
    for fields in simulation.events():
        event = parse_event(msgspec.json.encode(fields), received_at, SETTINGS)
        if is_allowed(event, terms):
            yield _in_crowd(event) if event.anonymous_id in crowd else event


def _in_crowd(event: Event) -> Event:
    user_id = "user-crowd" if event.user_id is not None else None
    return msgspec.structs.replace(event, user_id=user_id, anonymous_id="device-crowd")
