"""What a profile remembers by fingerprint: the events it has counted and the items its person has met.

Fingerprints keep a thousand ids in a few kilobytes. Both memories are packed bytes in one canonical order.
"""

import sys
from bisect import bisect
from functools import lru_cache
from hashlib import blake2b

ID_BYTES = 8
TIME_BYTES = 6
RECORD = TIME_BYTES + ID_BYTES
ITEM_BYTES = 4
DAY_MS = 86_400_000

Days = list[tuple[int, bytes]]
"""(day since 1970, sorted item fingerprints), ascending; an item stands under the last day it was met."""


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
    place = RECORD * bisect(range(len(ring) // RECORD), record, key=lambda i: ring[RECORD * i : RECORD * (i + 1)])
    return ring[:place] + record + ring[place:]


def ring_bound(ring: bytes, n: int) -> tuple[bytes, int]:
    """The ring's newest n events and the time in ms of the newest one forgotten (0: none was)."""
    forgotten = len(ring) - n * RECORD
    if forgotten <= 0:
        return ring, 0
    return ring[forgotten:], int.from_bytes(ring[forgotten - RECORD : forgotten - ID_BYTES], "big")


def meet(days: Days, item_id: str, at_ms: int) -> None:
    """Note, in place, that the item was met at this time."""
    day, mark = at_ms // DAY_MS, item_mark(item_id)
    known = next((index for index, (_, marks) in enumerate(days) if _holds(marks, mark)), None)
    if known is not None:
        if days[known][0] >= day:
            return
        days[known] = (days[known][0], _without(days[known][1], mark))
    index = next((index for index, (number, _) in enumerate(days) if number == day), None)
    if index is None:
        days.append((day, mark))
    else:
        days[index] = (day, b"".join(sorted([*_marks(days[index][1]), mark])))
    days[:] = sorted(entry for entry in days if entry[1])


def met(*memories: Days) -> set[int]:
    """The numbers of all items in them."""
    return set(memoryview(b"".join(marks for days in memories for _, marks in days)).cast("I"))


def days_bound(days: Days, n: int) -> None:
    """Keep the n items met last, in place; within a day the largest fingerprints."""
    surplus = sum(len(marks) for _, marks in days) - n * ITEM_BYTES
    while surplus > 0:
        day, marks = days.pop(0)
        if len(marks) > surplus:
            days.insert(0, (day, marks[surplus:]))
        surplus -= len(marks)


def _marks(marks: bytes) -> list[bytes]:
    return [marks[at : at + ITEM_BYTES] for at in range(0, len(marks), ITEM_BYTES)]


def _holds(marks: bytes, mark: bytes) -> bool:
    at = marks.find(mark)
    while at >= 0 and at % ITEM_BYTES:
        at = marks.find(mark, at + 1)
    return at >= 0


def _without(marks: bytes, mark: bytes) -> bytes:
    return b"".join(other for other in _marks(marks) if other != mark)
