"""The tables of GA4's BigQuery export: which there are, and their rows page by page. Blocks: call it from a thread."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec

from pulling.report import Report
from shared import wiring
from shared.errors import PermanentError
from shared.events.event import Event
from shared.events.ga4_export import read_row
from shared.settings import Settings
from shared.sql import read_sql
from shared.stores.ports import Warehouse

PAGE_ROWS = 10_000
"""Every page reads its table anew, as BigQuery bills it: small pages of a large table are dear."""

INTRADAY = "intraday_"

_row = msgspec.json.Decoder(dict[str, Any]).decode


class Table(NamedTuple):
    """A table of one day, named by what follows `events_`, and how many rows it has."""

    suffix: str
    n: int

    @property
    def day(self) -> str:
        return self.suffix[-8:]

    @property
    def is_intraday(self) -> bool:
        return self.suffix.startswith(INTRADAY)


class Page(NamedTuple):
    """The next rows of a table: those that are events, how many were read, and the last one's instant."""

    events: Sequence[Event]
    n: int
    last_us: int


def open_export(settings: Settings) -> Warehouse:
    """The warehouse, in which names of tables are those of the export's dataset."""
    return wiring.warehouse(msgspec.structs.replace(settings, dataset=settings.ga4_dataset))


def list_tables(export: Warehouse, since: date) -> list[Table]:
    """One table for each day, in the order of days: the daily one, or until it is there the intraday one."""
    rows = export.query(read_sql("pull_ga4_tables"), {"since": f"{since:%Y%m%d}"}).to_pylist()
    tables = sorted((Table(row["suffix"], row["n"]) for row in rows), key=lambda table: not table.is_intraday)
    days = {table.day: table for table in tables}
    return [days[day] for day in sorted(days)]


def read_page(export: Warehouse, suffix: str, after_us: int, settings: Settings, report: Report) -> Page:
    """The rows after an instant. What is no event (no id, as of people who refused cookies) is counted: it stays in
    the export, so it needs no dead letter."""
    place = {"suffix": suffix, "after": after_us, "page": PAGE_ROWS}
    rows = export.query(read_sql("pull_ga4"), place).to_pylist()
    received_at = wiring.clock()
    events: list[Event] = []
    for row in rows:
        raw = row["payload"].encode()
        try:
            events.append(read_row(_row(raw), raw, received_at, settings))
        except PermanentError as error:
            report.refuse(error.problems[0].field if error.problems else "")
    report.counts["read"] += len(rows)
    report.tables[suffix] += len(rows)
    return Page(events, len(rows), rows[-1]["event_timestamp"] if rows else after_us)


def unknown_events(log: Warehouse, events: Sequence[Event]) -> list[Event]:
    """Those of the events that are not in the log; of equal ones the first."""
    named = {event.event_id: event for event in reversed(events)}
    if not named:
        return []
    moments = [event.occurred_at for event in events]
    terms = {"event_ids": sorted(named), "first": min(moments), "last": max(moments)}
    known = {row["event_id"] for row in log.query(read_sql("pull_known"), terms).to_pylist()}
    return [event for event_id, event in reversed(named.items()) if event_id not in known]
