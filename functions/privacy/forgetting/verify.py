"""The proof: what is left of those who were erased, place by place; what came late is deleted, and counted again."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from forgetting import documents, erase, letters, log
from forgetting.marks import FOREVER_MS, Marks, mark, union
from forgetting.places import Places
from forgetting.record import Erasure, records
from shared.errors import RetryableError
from shared.profiles import refolds
from shared.profiles.outbox import message_of
from shared.profiles.profile import to_ms
from shared.profiles.record import COLLECTION
from shared.stores.ports import ABSENT
from shared.telemetry import log as tell

REPORTS = "erasure_reports"
PLACES = (COLLECTION, *documents.BESIDE, *log.TABLES, "dead_letters")

Counts = Counter[str]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification has found.

    Attributes:
        erasures, devices: how many were looked for.
        resumed, unfinished: erasures that had not been carried out: those that are now, and those that are not.
        found, left: place → what was there, and after deleting it.
        is_zero: nothing is left, and nothing unfinished.
    """

    at: datetime
    days: int
    erasures: int
    devices: int
    resumed: int
    unfinished: int
    found: dict[str, int]
    left: dict[str, int]
    is_zero: bool


async def verify(places: Places, now: datetime, days: int) -> Report:
    """Finish what is unfinished; look for everybody erased within `days`, and everybody suppressed.

    Raises RetryableError.
    """
    resumed, unfinished = await _resume(places, now)
    chosen = await _choose(places, now - timedelta(days=days))
    marks = union(one.untils for one in chosen.values())
    found = await _count(places, marks)
    if found.total():
        try:
            await _reopen(places, marks, chosen, now)
            chosen = await _choose(places, now - timedelta(days=days))
            marks = union(one.untils for one in chosen.values())
            await _delete(places, marks, found, now)
        except RetryableError as error:
            tell("WARNING", "not all could be deleted; the next verification goes on", reason=type(error).__name__)
    left = await _count(places, marks) if found.total() else found
    report = Report(
        at=now,
        days=days,
        erasures=len(chosen),
        devices=len(marks) - len(chosen),
        resumed=resumed,
        unfinished=unfinished,
        found=_in_order(found),
        left=_in_order(left),
        is_zero=not (left.total() or unfinished),
    )
    fields: dict[str, Any] = msgspec.structs.asdict(report)
    counts = {name: {place: float(n) for place, n in fields[name].items()} for name in ("found", "left")}
    await places.documents.put(REPORTS, now.isoformat(), {**fields, **counts}, ABSENT)
    return report


async def _choose(places: Places, since: datetime) -> dict[str, Erasure]:
    return {key: one async for key, one in records(places.documents) if one.is_for_ever or one.erased_at >= since}


async def _reopen(places: Places, marks: Marks, chosen: Mapping[str, Erasure], now: datetime) -> None:
    """Late rows may tell of a device that nobody knew to be an erased person's."""
    for user_id in await asyncio.to_thread(log.late, places.warehouse, marks):
        if erasure := chosen.get(mark(f"u:{user_id}")):
            await erase.reopen(f"u:{user_id}", erasure, places, now)


async def _resume(places: Places, now: datetime) -> tuple[int, int]:
    """How many erasures were finished, and how many cannot be yet."""
    running = [(key, one) async for key, one in records(places.documents) if one.state == "running"]
    failed = 0
    for key, one in running:
        try:
            await erase.resume(key, one, places, now)
        except RetryableError as error:
            failed += 1
            tell("WARNING", "an erasure is not finished; the next verification goes on", reason=type(error).__name__)
    return len(running) - failed, failed


async def _count(places: Places, marks: Marks) -> Counts:
    counts: Counts = Counter(dict.fromkeys(PLACES, 0))
    if not marks:
        return counts
    async for key, document in places.documents.scan(COLLECTION):
        counts["profiles"] += documents.look(places, key, document, marks) is not None
    for collection in documents.BESIDE:
        counts[collection] = len(await _orphans(places, collection, marks))
    counts.update((await asyncio.to_thread(log.count, places.warehouse, marks)).rows)
    counts["dead_letters"] += await asyncio.to_thread(letters.sift, places.letters, marks, lambda _: None)
    return counts


async def _delete(places: Places, marks: Marks, found: Counts, now: datetime) -> None:
    if found["profiles"]:
        await _delete_documents(places, marks, now)
    for collection in documents.BESIDE:
        if orphans := await _orphans(places, collection, marks):
            await places.documents.delete(collection, orphans)
    if found["events"] or found["decisions"]:
        await asyncio.to_thread(log.delete, places.warehouse, marks)
    if found["dead_letters"]:
        await asyncio.to_thread(letters.sift, places.letters, marks)


async def _delete_documents(places: Places, marks: Marks, now: datetime) -> None:
    """Whoever has come back meanwhile is folded again, from what happened since."""
    back: list[str] = []
    async for key, document in places.documents.scan(COLLECTION):
        left = documents.look(places, key, document, marks)
        if left and await documents.forget(places, key, marks) and left.is_theirs and marks[mark(key)] < FOREVER_MS:
            back.append(key)
    if back:
        note = refolds.ask(back, "erasure", to_ms(now))
        await places.topics.publish(note.topic, [message_of(note)])


async def _orphans(places: Places, collection: str, marks: Marks) -> list[str]:
    """The erased people's: of somebody new there is a profile, too."""
    found = [key async for key, _ in places.documents.scan(collection) if mark(key) in marks]
    known = await places.documents.get_many(COLLECTION, found) if found else {}
    return [key for key in found if key not in known]


def _in_order(counts: Counts) -> dict[str, int]:
    return {place: counts[place] for place in PLACES}
