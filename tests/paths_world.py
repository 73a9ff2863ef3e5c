"""Visits written down briefly, for tests of paths."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from infra.local.bridge import to_row
from shared.events.event import Context, Event, encode_event
from shared.events.kinds import Kind
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.paths.counts import Chains, path_terms, read_chains, read_goals
from training.tables import write_kinds

SETTINGS = Settings()
START = datetime(2026, 1, 1, tzinfo=UTC)
CUTOFF = START + timedelta(days=20)
SITE = "https://shop.example"


class Act(NamedTuple):
    """What somebody did so many minutes after the beginning."""

    minute: float
    page: str | None = None
    kind: Kind = "page_view"
    category: str | None = None


def events(person: str, acts: Iterable[Act]) -> Iterator[Event]:
    """The acts as events, with ids in their order."""
    for number, act in enumerate(acts):
        yield Event(
            event_id=f"{person}-{number:04}",
            kind=act.kind,
            occurred_at=START + timedelta(minutes=act.minute),
            user_id=person,
            category=act.category,
            context=Context(page_url=None if act.page is None else f"{SITE}{act.page}"),
        )


def pages(walk: str, begin: float = 0, buys: bool = False) -> list[Act]:
    """A visit to pages called by one letter each, a minute apart; perhaps it ends with a purchase."""
    acts = [Act(begin + place, f"/{letter}") for place, letter in enumerate(walk)]
    return [*acts, Act(begin + len(walk), "/thanks", "purchase")] if buys else acts


def load(warehouse: Warehouse, log: Iterable[Event]) -> None:
    """Make these events the whole log."""
    write_kinds(warehouse, SETTINGS)
    warehouse.run("DELETE FROM events WHERE TRUE")
    warehouse.append("events", [to_row(encode_event(event)) for event in log])


def values_at(warehouse: Warehouse, cutoff: datetime = CUTOFF, **others: object) -> dict[str, object]:
    """The parameters of the queries over paths; by default two people are enough to name something."""
    goals = read_goals(warehouse, cutoff, SETTINGS)
    return {**path_terms(cutoff, SETTINGS, goals), "people": 2, **others}


def chains_of(warehouse: Warehouse, log: Iterable[Event], cutoff: datetime = CUTOFF) -> Chains:
    """The chains of this log."""
    load(warehouse, log)
    return read_chains(warehouse, values_at(warehouse, cutoff))
