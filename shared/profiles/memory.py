"""What a profile remembers by fingerprint: the events it has counted and the items its person has met.

Fingerprints keep a thousand ids in a few kilobytes. Both memories are packed bytes in one canonical order.
"""

import sys
from bisect import bisect, bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter

ID_BYTES = 8
TIME_BYTES = 6
RECORD = TIME_BYTES + ID_BYTES
ITEM_BYTES = 4
SHOWN_BYTES = ITEM_BYTES + 1
"""Of an item that was shown: its fingerprint and how often."""

DAY_MS = 86_400_000

Days = list[tuple[int, bytes]]
"""(day since 1970, sorted item fingerprints), ascending. What `meet` keeps has each item under the last day alone."""


def event_mark(event_id: str) -> bytes:
    """8 bytes that stand for an event id; two of 512 ids in a ring collide once in 10^14 profiles."""
    return blake2b(event_id.encode(), digest_size=ID_BYTES).digest()


@lru_cache(maxsize=200_000)  # ranking asks for the same few thousand items again and again
def item_mark(item_id: str) -> bytes:
    """4 bytes that stand for an item id; a false match hides one candidate in a million for a person of 4,000 items."""
    return blake2b(item_id.encode(), digest_size=ITEM_BYTES).digest()


@lru_cache(maxsize=200_000)
def item_number(item_id: str) -> int:
    """An item's mark as a number, as `met` gives them."""
    return int.from_bytes(item_mark(item_id), sys.byteorder)


def in_ring(ring: bytes, mark: bytes) -> bool:
    """Whether the event has been counted. Its time plays no part: a resent event may claim another."""
    at = ring.find(mark)
    while at >= 0 and at % RECORD != TIME_BYTES:
        at = ring.find(mark, at + 1)
    return at >= 0


def ring_add(ring: bytes, at_ms: int, mark: bytes) -> bytes:
    """The ring with one more event, ordered by time, then mark."""
    record = at_ms.to_bytes(TIME_BYTES, "big") + mark
    if record > ring[-RECORD:]:  # as most events come
        return ring + record
    at = place(ring, record, RECORD)
    return ring[:at] + record + ring[at:]


def ring_union(ring: bytes, other: bytes) -> bytes:
    """The events of both; one that is in both counts once."""
    times = {record[TIME_BYTES:]: record[:TIME_BYTES] for record in (*_cut(other, RECORD), *_cut(ring, RECORD))}
    return b"".join(sorted(time + mark for mark, time in times.items()))


def ring_bound(ring: bytes, n: int) -> tuple[bytes, int]:
    """The ring's newest n events and the time in ms of the newest one forgotten (0: none was)."""
    forgotten = len(ring) - n * RECORD
    if forgotten <= 0:
        return ring, 0
    return ring[forgotten:], int.from_bytes(ring[forgotten - RECORD : forgotten - ID_BYTES], "big")


def meet(days: Days, mark: bytes, day: int) -> int | None:
    """Note, in place, that the item was met on this day. Returns the earlier of two days on which it was, if it was."""
    for index in range(len(days) - 1, -1, -1):
        known, marks = days[index]
        if (at := find(marks, mark)) >= 0:
            if known >= day:
                return day if known > day else None
            rest = marks[:at] + marks[at + ITEM_BYTES :]
            days[index : index + 1] = [(known, rest)] if rest else []
            note(days, mark, day)
            return known
    note(days, mark, day)
    return None


def note(days: Days, mark: bytes, day: int) -> bool:
    """Put the item under this day, in place, whatever other days it stands under. Returns whether that is news."""
    at = bisect_left(days, day, key=itemgetter(0))
    if at == len(days) or days[at][0] != day:
        days.insert(at, (day, mark))
        return True
    marks = days[at][1]
    if find(marks, mark) >= 0:
        return False
    days[at] = (day, b"".join(sorted([*_cut(marks, ITEM_BYTES), mark])))
    return True


def unite(days: Days, other: Days) -> list[tuple[int, bytes]]:
    """Add the other's items, in place, each under the last day. Returns the earlier days of those met on two."""
    last = {mark: day for day, mark in pairs(days)}
    earlier = [(min(day, last[mark]), mark) for day, mark in pairs(other) if last.get(mark, day) != day]
    for day, mark in pairs(other):
        last[mark] = max(day, last.get(mark, day))
    days[:] = pack((day, mark) for mark, day in last.items())
    return earlier


def pairs(days: Days) -> Iterator[tuple[int, bytes]]:
    """Each (day, fingerprint)."""
    return ((day, mark) for day, marks in days for mark in _cut(marks, ITEM_BYTES))


def pack(found: Iterable[tuple[int, bytes]]) -> Days:
    """The memory of these (day, fingerprint), each once."""
    return [(day, b"".join(mark for _, mark in some)) for day, some in groupby(sorted(set(found)), key=itemgetter(0))]


def met(*memories: Days) -> set[int]:
    """The numbers of all items in them."""
    return set(memoryview(b"".join(marks for days in memories for _, marks in days)).cast("I"))


def days_bound(days: Days, n: int, size: int = ITEM_BYTES) -> None:
    """Keep the n items met last, in place; within a day the largest fingerprints. So many are never the wrong ones:
    an item that was let go stands behind all others until it is met again."""
    surplus = sum(len(marks) for _, marks in days) - n * size
    while surplus > 0:
        day, marks = days.pop(0)
        if len(marks) > surplus:
            days.insert(0, (day, marks[surplus:]))
        surplus -= len(marks)


def is_met(days: Days, mark: bytes, day: int) -> bool:
    """Whether the item stands under this day or a later one."""
    for known, marks in reversed(days):
        if known < day:
            return False
        if find(marks, mark) >= 0:
            return True
    return False


def find(packed: bytes, mark: bytes, size: int = ITEM_BYTES) -> int:
    """Where the record of `size` bytes begins that begins with the mark; -1 if there is none."""
    at = packed.find(mark)
    while at >= 0 and at % size:
        at = packed.find(mark, at + 1)
    return at


def place(packed: bytes, record: bytes, size: int) -> int:
    """Where a record belongs among those of `size` bytes that are sorted."""
    return size * bisect(range(len(packed) // size), record, key=lambda i: packed[size * i : size * (i + 1)])


def _cut(packed: bytes, size: int) -> list[bytes]:
    return [packed[at : at + size] for at in range(0, len(packed), size)]
