"""The pull of a site's own table of items: what was stated since the last pull goes to the topic `items`.

The table has `item_id` and `stated_at` (TIMESTAMP), and of the other facts whichever it likes; other columns are left
alone.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec

from pulling.cursor import read_cursor, write_cursor
from pulling.report import Report
from shared import wiring
from shared.errors import PermanentError, Problem
from shared.events.publish import publish_facts
from shared.models.facts import FACTS, ItemFacts, parse_facts
from shared.settings import Settings
from shared.sql import read_sql
from shared.tally import tally

NAME = "items"
PAGE_ROWS = 5_000
MOST_PAGES = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TABLE = re.compile(r"[\w-]+(\.[\w-]+){0,2}", re.ASCII)
TIMES = ("published_at", "expires_at")


async def pull(since: date | None, now: datetime, settings: Settings) -> Report:
    """Publish what is new, page by page. Raises RetryableError; the next pull then goes on where this one was."""
    report, documents = Report(), wiring.documents(settings)
    cursor = await read_cursor(documents, NAME)
    after_us = int(cursor.after.get(NAME, 0))
    start = datetime.combine(since, time(), UTC) - MICROSECOND if since else EPOCH + after_us * MICROSECOND
    for _ in range(MOST_PAGES):
        rows = await asyncio.to_thread(_read, start, now, settings)
        facts = list(_facts(rows, now, settings, report))
        await publish_facts(wiring.topics(settings), facts)
        report.counts["read"] += len(rows)
        report.counts["published"] += len(facts)
        tally.count("items", "pulled", len(facts))
        if not rows:
            report.finished = True
            break
        start = rows[-1]["stated_at"]
        cursor = await write_cursor(documents, NAME, cursor.at(NAME, (start - EPOCH) // MICROSECOND))
    return report


def _read(after: datetime, until: datetime, settings: Settings) -> list[dict[str, Any]]:
    if not TABLE.fullmatch(settings.items_table):
        expected = "a table's name, as project.dataset.table"
        raise PermanentError("invalid", (Problem("ATTUNE_ITEMS_TABLE", expected, settings.items_table[:60]),))
    sql = read_sql("pull_items").replace("items_table", settings.items_table)
    parameters = {"after": after, "until": until, "page": PAGE_ROWS}
    rows: list[dict[str, Any]] = wiring.warehouse(settings).query(sql, parameters).to_pylist()
    return rows


def _facts(rows: list[dict[str, Any]], now: datetime, settings: Settings, report: Report) -> Iterator[ItemFacts]:
    for row in rows:
        try:
            yield parse_facts(_stated(row), now, settings)
        except PermanentError as error:
            report.refuse(error.problems[0].field)


def _stated(row: Mapping[str, Any]) -> bytes:
    """What the row states, as a catalogue would send it."""
    columns = msgspec.json.decode(row["facts"])
    known = {name: value for name, value in columns.items() if name in FACTS}
    for name in TIMES:
        if isinstance(known.get(name), str):
            known[name] = datetime.fromisoformat(known[name])
    return msgspec.json.encode({"item_id": columns.get("item_id"), "stated_at": row["stated_at"], **known})
