"""The pull of GA4's export: every row becomes an event once, however often and in whichever table it is read.

A row is read from a day's intraday table while there is no daily one, from there after; then again as often as the
daily table has other rows than before (Google completes it for three days). What the log has is not published again.
What it has not yet, because it was published a moment ago, is: the event's id is made of the row, so it is a duplicate.
"""

import asyncio
from datetime import date, datetime, timedelta

from pulling.cursor import Cursor, read_cursor, write_cursor
from pulling.export import PAGE_ROWS, Table, list_tables, open_export, read_page, unknown_events
from pulling.report import Report
from shared import wiring
from shared.events.ga4_params import unmapped_name
from shared.events.publish import publish_events
from shared.settings import Settings
from shared.tally import tally

NAME = "ga4"
DAYS_BACK = timedelta(days=5)
"""A daily table changes for three days after its own, which ends when it does in the property's time zone."""

OVERLAP_US = 3_600_000_000
"""Rows reach an intraday table up to so late, or are found in the daily one."""

MOST_PAGES = 200
"""A call stops there, so that it ends within Scheduler's half hour; the next one goes on."""


async def pull(since: date | None, now: datetime, settings: Settings) -> Report:
    """Publish what is new. Raises RetryableError; the next pull then goes on where this one was."""
    report = Report()
    documents = wiring.documents(settings)
    cursor = await read_cursor(documents, NAME)
    first = since or _seen(cursor, now) - DAYS_BACK
    for table in await asyncio.to_thread(list_tables, open_export(settings), first):
        if cursor.rows.get(table.suffix) != table.n:
            cursor = await _read(table, cursor, settings, report)
        if cursor.rows.get(table.suffix) is None:
            return report
    await write_cursor(documents, NAME, cursor.finished(now.date(), DAYS_BACK))
    report.finished = True
    return report


async def _read(table: Table, cursor: Cursor, settings: Settings, report: Report) -> Cursor:
    """Read the table to its end, or as far as a call goes."""
    documents, export = wiring.documents(settings), open_export(settings)
    after_us = _start(table, cursor)
    while report.counts["pages"] < MOST_PAGES:
        page = await asyncio.to_thread(read_page, export, table.suffix, after_us, settings, report)
        report.counts["pages"] += 1
        fresh = await asyncio.to_thread(unknown_events, wiring.warehouse(settings), page.events)
        await publish_events(wiring.topics(settings), fresh)
        report.counts["published"] += len(fresh)
        report.counts["known"] += len(page.events) - len(fresh)
        tally.count("accepted", "ga4", len(fresh))
        for name in filter(None, (unmapped_name(event, settings) for event in fresh)):
            report.unmapped(name)
        after_us = page.last_us
        cursor = cursor.at(table.suffix, after_us)
        if page.n < PAGE_ROWS:
            return await write_cursor(documents, NAME, cursor.through(table.suffix, table.n))
        cursor = await write_cursor(documents, NAME, cursor)
    return cursor


def _start(table: Table, cursor: Cursor) -> int:
    """Where reading goes on; where the end had been reached once and there are other rows now, some way before it."""
    after_us = int(cursor.after.get(table.suffix, 0))
    if table.suffix not in cursor.rows:
        return after_us
    return max(after_us - OVERLAP_US, 0) if table.is_intraday else 0


def _seen(cursor: Cursor, now: datetime) -> date:
    return min(date.fromisoformat(cursor.seen), now.date()) if cursor.seen else now.date()
