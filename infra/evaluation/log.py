"""An input as the log would hold it: every event that collect would take, once, in order of time."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from infra.local.inputs.batches import encode
from infra.local.inputs.input import Fields
from shared.errors import PermanentError
from shared.events.event import Event, person_of
from shared.events.parse import parse_event
from shared.settings import Settings

Timelines = dict[str, list[Event]]
"""Each person's events, in order of time."""


class Log(NamedTuple):
    """The events in order of time, and how many of the input are none of them."""

    events: list[Event]
    refused: int
    repeated: int


def read_log(source: Iterable[Fields], now: datetime, settings: Settings) -> Log:
    """Every event of the input, through the same gate as in production. Of equal times the input's order stays."""
    events: dict[str, Event] = {}
    refused = repeated = 0
    for fields in source:
        try:
            event = parse_event(encode(fields), now, settings)
        except PermanentError:
            refused += 1
            continue
        repeated += event.event_id in events
        events.setdefault(event.event_id, event)
    return Log(sorted(events.values(), key=lambda event: event.occurred_at), refused, repeated)


def timelines(events: Iterable[Event]) -> Timelines:
    """The events by person."""
    people: Timelines = {}
    for event in events:
        people.setdefault(person_of(event), []).append(event)
    return people
