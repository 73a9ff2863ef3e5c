"""Writing only what has changed: what is held already is known by digests."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from hashlib import blake2b
from itertools import islice

BATCH = 250
DIGEST_BYTES = 8

Digests = dict[str, bytes]
Packed = Iterator[tuple[str, bytes]]
"""By key, each key once."""

Write = Callable[[Mapping[str, bytes | None]], Awaitable[None]]
"""Writes so many documents; those that are None are gone."""

Check = Callable[[], Awaitable[None]]
"""Raises RetryableError when somebody else may write by now."""


async def write_changed(before: Digests, packed: Packed, write: Write, check: Check) -> tuple[Digests, int]:
    """Write what differs from before, and what is gone. Returns the digests of all, and how many were written."""
    after: Digests = {}
    written = 0
    # A batch is made in a thread: thousands of neighbours to pack must not hold up the event loop.
    while some := await asyncio.to_thread(_take, packed):
        digests = {key: digest(one) for key, one in some.items()}
        changed = {key: one for key, one in some.items() if before.get(key) != digests[key]}
        await check()
        if changed:
            await write(changed)
        after |= digests
        written += len(changed)
    gone = sorted(before.keys() - after.keys())
    for start in range(0, len(gone), BATCH):
        await check()
        await write(dict.fromkeys(gone[start : start + BATCH]))
    return after, written + len(gone)


def digest(packed: bytes) -> bytes:
    """What stands for the bytes."""
    return blake2b(packed, digest_size=DIGEST_BYTES).digest()


def _take(packed: Packed) -> dict[str, bytes]:
    return dict(islice(packed, BATCH))
