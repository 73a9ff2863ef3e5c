"""A person's way through the items: sessions, and the steps in them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from shared.events.event import Event
from shared.events.kinds import ITEM_KINDS

Repeats = Literal["keep", "collapse"]
"""Whether an item that is met again at once is another step."""


class Session(NamedTuple):
    """A visit: the places of its events in the person's timeline."""

    person: str
    start: datetime
    places: list[int]


class Step(NamedTuple):
    """An item was met, by the event at this place of the person's timeline."""

    item_id: str
    place: int


def sessions_of(person: str, timeline: Sequence[Event], gap: timedelta) -> list[Session]:
    """The sender's sessions where events name one, else runs without so much silence; in order of their start."""
    sessions: dict[str | int, Session] = {}
    runs, last = 0, None
    for place, event in enumerate(timeline):
        key: str | int | None = event.context.session_id
        if key is None:
            runs += last is None or event.occurred_at - last >= gap
            key, last = runs, event.occurred_at
        sessions.setdefault(key, Session(person, event.occurred_at, [])).places.append(place)
    return list(sessions.values())


def steps_of(timeline: Sequence[Event], places: Iterable[int], repeats: Repeats = "collapse") -> list[Step]:
    """The items met by the events at these places; collapsed, one met several times in a row counts once, the first."""
    steps: list[Step] = []
    for place in places:
        for item_id in timeline[place].item_ids if timeline[place].kind in ITEM_KINDS else ():
            if repeats == "keep" or not steps or steps[-1].item_id != item_id:
                steps.append(Step(item_id, place))
    return steps
