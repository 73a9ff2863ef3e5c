"""Bookkeeping: of the events that were acknowledged, how many are in the profiles."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping

from infra.bench import readable, stored
from infra.bench.figures import Grid
from infra.bench.world import World
from shared import wiring

PAUSE_S = 1.0
"""By then what was in flight when the load ended has been written."""


class Ledger:
    """Counts, over all rounds, what the three that write have acknowledged and what they have stored."""

    def __init__(self, ours: str, floor: str, usual: str):
        self._names = (ours, floor, usual)
        self._before: Mapping[str, int] = {}
        self._acknowledged: Counter[str] = Counter()
        self._stored: Counter[str] = Counter()

    def open(self, world: World) -> None:
        """Count what the round finds."""
        time.sleep(PAUSE_S)
        self._before = self._count(world)

    def close(self, world: World, acknowledged: Mapping[str, int]) -> None:
        """Count what the round leaves."""
        after = self._count(world)
        for name in self._names:
            self._acknowledged[name] += acknowledged[name]
            self._stored[name] += after[name] - self._before[name]

    def grid(self) -> Grid:
        """A request that wrk no longer waited for may still have been stored: more than acknowledged is no loss."""
        rows = [(name, self._acknowledged[name], self._stored[name], self._lost(name)) for name in self._names]
        return Grid("updates lost", ("variant", "acknowledged", "in the profiles", "lost"), rows)

    def failures(self) -> list[str]:
        ours = self._names[0]
        return [f"{ours} lost {self._lost(ours):,} acknowledged events"] if self._lost(ours) else []

    def _lost(self, name: str) -> int:
        return max(0, self._acknowledged[name] - self._stored[name])

    def _count(self, world: World) -> Mapping[str, int]:
        client = world.client
        counts = (asyncio.run(_count_ours(world)), readable.count_packed(client), readable.count_readable(client))
        return dict(zip(self._names, counts, strict=True))


async def _count_ours(world: World) -> int:
    documents = wiring.documents(world.settings)
    try:
        return await stored.count_events(documents)
    finally:
        await documents.close()
