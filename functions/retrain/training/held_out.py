"""The later part of the log: where it begins, who is judged in it, and what they met next."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from shared.events.event import Event
from shared.events.kinds import ITEM_KINDS
from shared.profiles.profile import to_ms
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.queries import select, terms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
EARLIER = 0.8
"""Trained on so much of the log, as items were met, and judged on the rest."""

FEWEST = 100
"""Fewer items met later than the live model's cutoff say nothing of it."""

JUDGED_PEOPLE = 500
MOST_STEPS = 1_500
STEPS_OF_ONE = 10
"""Of a person so many steps at most, so that nobody decides alone."""

Timelines = Mapping[str, Sequence[Event]]


class Cut(NamedTuple):
    """What is trained on ends here; and whether the live models knew nothing later either."""

    at: datetime
    is_fair_to_live: bool


class Step(NamedTuple):
    """After the first `before` events of this person, the target was met, at this time."""

    person: str
    before: int
    target: str
    at: datetime


def find_cut(warehouse: Warehouse, cutoff: datetime, settings: Settings, live: datetime | None) -> Cut | None:
    """Where the log is divided: at the live models' cutoff, if that is late and enough came after it. None: nowhere.

    Both are then asked for what neither has seen. Else the models are judged on the last fifth, without the live ones.
    """
    hours = select(warehouse, "met_hours", terms(cutoff, settings)).to_pylist()
    total, known, edge = sum(row["meetings"] for row in hours), 0, None
    for row in hours:
        if known and known >= EARLIER * total - row["meetings"] and edge is None:
            edge = EPOCH + row["hour"] * HOUR
        known += row["meetings"]
    if edge is None or total < FEWEST:
        return None
    if live is None:
        return Cut(edge, False)
    fair = max(edge, live)
    later = sum(row["meetings"] for row in hours if EPOCH + row["hour"] * HOUR >= fair)
    return Cut(fair, True) if later >= FEWEST else Cut(edge, False)


def read_timelines(warehouse: Warehouse, cutoff: datetime, settings: Settings, split: datetime) -> Timelines:
    """All that some of those did who met an item after the split: each person's events in order of time."""
    values = {**terms(cutoff, settings), "split_ms": to_ms(split), "judged": JUDGED_PEOPLE}
    people: dict[str, list[Event]] = {}
    for row in select(warehouse, "held_out", values).to_pylist():
        people.setdefault(row["whose"], []).append(_event(row))
    return people


def read_met(warehouse: Warehouse, split: datetime, settings: Settings) -> dict[str, int]:
    """How many people had met each item before the split: what any model can know."""
    rows = select(warehouse, "met_items", terms(split, settings)).to_pylist()
    return {row["item_id"]: row["people"] for row in rows}


def steps(people: Timelines, split: datetime, known: Mapping[str, int]) -> list[Step]:
    """The items that were met after the split, one after the other; those that nobody had met before it are left out.

    An item met several times in a row counts once. The first of a person's events has nothing before it.
    """
    found: list[Step] = []
    for person, events in people.items():
        walk = [step for step in _walk(person, events) if step.at > split and step.target in known and step.before]
        found += walk[:STEPS_OF_ONE]
    return found[:MOST_STEPS]


def _walk(person: str, events: Sequence[Event]) -> Iterator[Step]:
    last = None
    for place, event in enumerate(events):
        for item_id in event.item_ids if event.kind in ITEM_KINDS else ():
            if item_id != last:
                yield Step(person, place, item_id, event.occurred_at)
            last = item_id


def _event(row: Mapping[str, Any]) -> Event:
    """The event of a row. It was checked when it was taken; whose it is was found out since."""
    fields = {name: row[name] for name in Event.__struct_fields__ if row.get(name) not in (None, [])}
    if (text := fields.get("properties")) is not None:
        fields["properties"] = msgspec.json.decode(text)
    if "context" in fields:
        fields["context"] = {name: value for name, value in fields["context"].items() if value is not None}
    kind, _, name = row["whose"].partition(":")
    fields |= {"user_id": name, "anonymous_id": None} if kind == "u" else {"user_id": None, "anonymous_id": name}
    return msgspec.convert(fields, Event)
