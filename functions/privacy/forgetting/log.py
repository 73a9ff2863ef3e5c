"""The log's rows of people, by their marks. Blocks: call it from a thread."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from forgetting.marks import Marks, chunks, relation
from shared.sql import read_sql
from shared.stores.ports import Warehouse

TABLES = ("events", "decisions")
PAGE_ROWS = 2_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

Row = dict[str, Any]


class Counted(NamedTuple):
    """Rows by table, and when the first of the events happened, in ms since 1970 (0: there are none)."""

    rows: Counter[str]
    first_ms: int


class Claim(NamedTuple):
    """A user named together with a device, for the first time at `first_ms`."""

    user: str
    device: str
    first_ms: int


def count(warehouse: Warehouse, marks: Marks) -> Counted:
    """How many rows are theirs."""
    rows: Counter[str] = Counter(dict.fromkeys(TABLES, 0))
    firsts: list[int] = []
    for some in chunks(marks):
        for row in _query(warehouse, "privacy_count", some):
            rows[row["place"]] += row["n"]
            if row["place"] == "events" and row["first_ms"] is not None:
                firsts.append(row["first_ms"])
    return Counted(rows, min(firsts, default=0))


def late(warehouse: Warehouse, marks: Marks) -> list[str]:
    """Erased users who have come to the log again with a device."""
    return sorted({row["user_id"] for some in chunks(marks) for row in _query(warehouse, "privacy_late", some)})


def delete(warehouse: Warehouse, marks: Marks) -> None:
    """Delete them. Raises RetryableError, also for rows so new that BigQuery cannot delete them yet."""
    for some in chunks(marks):
        warehouse.run(_text("privacy_delete", some))


def pages(warehouse: Warehouse, table: str, marks: Marks) -> Iterator[Sequence[Row]]:
    """The rows of one table in the order of time, some thousands at a time."""
    for some in chunks(marks):
        for start, end in _windows(_query(warehouse, f"privacy_{table}_hours", some)):
            yield _query(warehouse, f"privacy_{table}", some, {"start": start, "end": end})


def claims(warehouse: Warehouse, users: Sequence[str], devices: Sequence[str]) -> list[Claim]:
    """Who the log says ever named these devices, and every device of these users."""
    rows = warehouse.query(read_sql("person_claims"), {"user_ids": list(users), "anonymous_ids": list(devices)})
    return [Claim(row["user_id"], row["anonymous_id"], row["first_ms"]) for row in rows.to_pylist()]


def _windows(hours: Sequence[Row]) -> Iterator[tuple[datetime, datetime]]:
    """Stretches of time that hold a page each: BigQuery then reads the days of each once."""
    begin, held = None, 0
    for row in hours:
        if begin is not None and held + row["n"] > PAGE_ROWS:
            yield EPOCH + begin * HOUR, EPOCH + row["hour"] * HOUR
            begin, held = None, 0
        begin, held, last = row["hour"] if begin is None else begin, held + row["n"], row["hour"]
    if begin is not None:
        yield EPOCH + begin * HOUR, EPOCH + (last + 1) * HOUR


def _query(warehouse: Warehouse, name: str, marks: Marks, parameters: Row | None = None) -> list[Row]:
    rows: list[Row] = warehouse.query(_text(name, marks), parameters).to_pylist()
    return rows


def _text(name: str, marks: Marks) -> str:
    return read_sql(name).replace("`marks`", relation(marks))
