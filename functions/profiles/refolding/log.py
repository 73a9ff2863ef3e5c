"""What the log knows of people. Blocks: call it from a thread."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from shared.errors import PermanentError
from shared.events.event import Event
from shared.events.parse import is_poisoned, make_event
from shared.settings import Settings
from shared.sql import read_sql
from shared.stores.ports import Warehouse
from shared.telemetry import log


class Claim(NamedTuple):
    """A user who was named together with a device, and when first."""

    user_id: str
    anonymous_id: str
    first_ms: int


class Names(NamedTuple):
    """People by what the log calls them."""

    user_ids: list[str]
    anonymous_ids: list[str]


def names(persons: Iterable[str]) -> Names:
    """The ids of keys: `u:` and a known id, `a:` and an anonymous one."""
    parts = [person.partition(":") for person in sorted(set(persons))]
    return Names([name for kind, _, name in parts if kind == "u"], [name for kind, _, name in parts if kind == "a"])


def read_claims(warehouse: Warehouse, persons: Iterable[str]) -> list[Claim]:
    """Every claim on these devices, and on every device that one of these users has claimed."""
    rows = warehouse.query(read_sql("person_claims"), names(persons)._asdict()).to_pylist()
    claims = [Claim(row["user_id"], row["anonymous_id"], row["first_ms"]) for row in rows]
    return [claim for claim in claims if not is_poisoned(claim.user_id) and not is_poisoned(claim.anonymous_id)]


def read_events(warehouse: Warehouse, persons: Iterable[str], now: datetime, settings: Settings) -> list[Event]:
    """Every event that names one of these people, in the order of time."""
    rows = warehouse.query(read_sql("person_events"), names(persons)._asdict()).to_pylist()
    events = [event for row in rows if (event := from_row(row, now, settings))]
    if len(events) < len(rows):
        log("WARNING", "rows of the log that are no events stay out of profiles", rows=len(rows) - len(events))
    return events


def read_page(warehouse: Warehouse, after: str, n: int) -> list[str]:
    """The next n people of the log, by key."""
    rows = warehouse.query(read_sql("person_page"), {"after": after, "n": n}).to_pylist()
    return [row["person"] for row in rows]


def count_people(warehouse: Warehouse) -> int:
    """How many people the log knows."""
    [row] = warehouse.query(read_sql("person_count")).to_pylist()
    return int(row["people"])


def from_row(row: Mapping[str, Any], now: datetime, settings: Settings) -> Event | None:
    """The event of a row of the table `events`; none if update_profile would have refused it, too."""
    # The log keeps no difference between an empty list and none: a consent that is one reads as not stated.
    fields = {name: row[name] for name in Event.__struct_fields__ if row.get(name) not in (None, [])}
    if (text := fields.get("properties")) is not None:
        fields["properties"] = msgspec.json.decode(text)
    try:
        event = make_event(fields, b"", now, settings)
    except PermanentError:
        return None
    return msgspec.structs.replace(event, received_at=row["received_at"])
