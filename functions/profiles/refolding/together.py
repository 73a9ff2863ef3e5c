"""Several at the same time, but not all."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST = 16


async def together(work: Callable[[T], Awaitable[R]], items: Iterable[T]) -> list[R]:
    """What the work makes of each item, in their order."""
    turn = asyncio.Semaphore(MOST)

    async def one(item: T) -> R:
        async with turn:
            return await work(item)

    return list(await asyncio.gather(*map(one, items)))
