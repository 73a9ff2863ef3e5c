"""What every input is: events in time order, how many there are and when the last one happened."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from infra.local.inputs.times import parse_time, to_rfc3339

Fields = Mapping[str, object]
"""One event as a client of `POST /v1/events` sends it: what JSON can carry, times as RFC 3339 in UTC."""


class Survey(NamedTuple):
    """What one look over an input tells."""

    total: int | None
    """Number of events; None where only reading a large file would tell."""
    last: datetime | None
    """When the last event happened; None if there is no event with a time."""
    ordered: bool = True


@dataclass(frozen=True)
class Input:
    """A source of events that can be read again and again, each time with the same events."""

    name: str
    licence: str | None
    """The attribution to print where the data are used."""
    read: Callable[[], Iterator[Fields]]
    look: Callable[[], Survey]

    def __iter__(self) -> Iterator[Fields]:
        return self.read()

    @cached_property
    def survey(self) -> Survey:
        """Counted when first asked for, and remembered."""
        return self.look()

    @property
    def total(self) -> int | None:
        return self.survey.total

    @property
    def last(self) -> datetime | None:
        return self.survey.last


def survey(events: Iterable[Fields]) -> Survey:
    """Look at every event."""
    total, last, ordered = 0, None, True
    for event in events:
        total += 1
        at = time_of(event)
        if at is not None and last is not None and at < last:
            ordered = False
        elif at is not None:
            last = at
    return Survey(total, last, ordered)


def time_of(event: Fields) -> datetime | None:
    """When the event happened, if it says so readably."""
    text = event.get("occurred_at")
    return parse_time(text) if isinstance(text, str) else None


def shift(events: Iterable[Fields], last: datetime, today: datetime) -> Iterator[Fields]:
    """The events moved by a whole number of days, such that `last` comes to lie within the day before `today`.

    Hours and weekly distances stay as they were. An event without a readable time is passed on as it is.
    """
    distance = timedelta(days=(today - last) // timedelta(days=1))
    for event in events:
        at = time_of(event)
        yield event if at is None else {**event, "occurred_at": to_rfc3339(at + distance)}
