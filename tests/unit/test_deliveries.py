"""What a process does with its memory once it serves."""

import gc
from collections.abc import AsyncIterator

from shared import heap
from shared.deliveries import Deliveries
from shared.events.push import Push


async def body() -> AsyncIterator[bytes]:
    yield b'{"message":{"data":"e30="}}'


async def take(_: Push) -> str:
    return "taken"


async def test_what_is_loaded_by_the_first_delivery_is_not_collected_again() -> None:
    heap.settle.cache_clear()
    gc.unfreeze()
    deliveries = Deliveries(take, group=None)
    assert (await deliveries.answer("GET", body())).status == 200
    assert gc.get_freeze_count() == 0
    assert (await deliveries.answer("POST", body())).status == 204
    frozen = gc.get_freeze_count()
    later: list[list[int]] = [[] for _ in range(1_000)]
    assert (await deliveries.answer("POST", body())).status == 204
    assert 0 < gc.get_freeze_count() <= frozen
    assert len(later) == 1_000
    gc.unfreeze()
