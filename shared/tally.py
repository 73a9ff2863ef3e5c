"""What the instances have counted, for operators: accepted, refused and why, names that no vocabulary knows, outcomes.

An instance adds up by day (UTC) and writes its own running totals, one document a day, now and then in the background.
Nobody else writes that document, so nothing is lost to another's write, and the sum over all of them is the answer. It
is a help for operators, not the truth: what an instance counted in its last seconds may go with it.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal, get_args
from uuid import uuid4

from shared.errors import RetryableError
from shared.stores.ports import Document, Documents, Fields, Value
from shared.telemetry import log

Group = Literal["accepted", "refused", "unmapped", "outcomes", "identity", "items", "decisions"]
GROUPS: tuple[Group, ...] = get_args(Group)
Totals = dict[Group, Counter[str]]

COLLECTION = "stats"
MOST_NAMES = 200
"""Different names kept in a group; what comes later is counted as `other`."""

NAME_CHARACTERS = 64
KEPT = timedelta(days=7)
PERIOD = timedelta(seconds=10)

ADDRESS = re.compile(r"\S+@\S+")
IDENTIFIER = re.compile(
    r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}|\b(?=[a-z]*\d)\w{12,}|\d{3,}", re.ASCII
)


@lru_cache(maxsize=1_000)  # the same few names again and again
def bare(name: str) -> str:
    """The name as it may be kept: short, printable, and without what looks like somebody's id or address.

    >>> bare("Order 10023 viewed by ann@example.com"), bare("Product Added")
    ('Order # viewed by #', 'Product Added')
    """
    text = "".join(letter if letter.isprintable() else " " for letter in name[:256])
    return IDENTIFIER.sub("#", ADDRESS.sub("#", text))[:NAME_CHARACTERS].strip() or "-"


class Tally:
    """One instance's totals by day. Names come from outside: they are bared, and their number is bounded."""

    def __init__(self, clock: Callable[[], datetime], period: timedelta = PERIOD) -> None:
        self.instance = uuid4().hex
        self._clock = clock
        self._period = period
        self._days: dict[str, Totals] = {}
        self._changed: set[str] = set()
        self._flushing: asyncio.Task[None] | None = None

    def count(self, group: Group, name: str, number: int = 1) -> None:
        """Add to a counter of today."""
        day = self._clock().date().isoformat()
        counter = self._days.setdefault(day, {}).setdefault(group, Counter())
        key = bare(name)
        if key not in counter and len(counter) >= MOST_NAMES:
            key = "other"
        counter[key] += number
        self._changed.add(day)

    def flush_later(self, documents: Callable[[], Documents]) -> None:
        """Write what has changed within a period, once, while nobody waits for it. Only then the store is opened."""
        if self._changed and (self._flushing is None or self._flushing.done()):
            self._flushing = asyncio.create_task(self._flush_after(documents))

    async def flush(self, documents: Documents) -> None:
        """Write what has changed since it was last written. Raises RetryableError; then it stays to be written."""
        changed, self._changed = self._changed, set()
        today = self._clock().date().isoformat()
        try:
            if changed:
                await documents.merge(COLLECTION, {f"{self.instance}-{day}": self._fields(day) for day in changed})
        except RetryableError:
            self._changed |= changed
            raise
        self._days = {day: totals for day, totals in self._days.items() if day == today or day in self._changed}

    async def _flush_after(self, documents: Callable[[], Documents]) -> None:
        await asyncio.sleep(self._period.total_seconds())
        try:
            await self.flush(documents())
        except RetryableError as error:
            log("WARNING", "counts not written; the next count tries again", reason=str(error))

    def _fields(self, day: str) -> Fields:
        groups: dict[str, Value] = {group: dict(counter) for group, counter in self._days[day].items()}
        return {"day": day, "expires_at": _expiry(day), **groups}


async def read_days(
    documents: AsyncIterable[tuple[str, Document]], now: datetime
) -> tuple[dict[str, Totals], list[str]]:
    """The sum over all instances for each of the last days, the latest first; and the documents that are outdated."""
    days: dict[str, Totals] = {}
    stale: list[str] = []
    async for key, document in documents:
        day, expires_at = document.fields.get("day"), document.fields.get("expires_at")
        if not isinstance(day, str) or not isinstance(expires_at, datetime) or expires_at <= now:
            stale.append(key)
            continue
        totals = days.setdefault(day, {group: Counter() for group in GROUPS})
        for group in GROUPS:
            add(totals[group], document.fields.get(group))
    return dict(sorted(days.items(), reverse=True)), stale


def add(counter: Counter[str], counts: object) -> None:
    """Add counts as they are stored. The sum, too, has no more names than are worth reading."""
    if isinstance(counts, Mapping):
        for name, number in counts.items():
            counter[name if name in counter or len(counter) < MOST_NAMES else "other"] += int(number)


def _expiry(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC) + KEPT + timedelta(days=1)


def _now() -> datetime:
    return datetime.now(UTC)


tally = Tally(_now)
"""This instance's."""
