"""Bookkeeping: of the events that were acknowledged, how many are in the profiles."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping

from infra.bench import readable, stored
from infra.bench.figures import Grid
from infra.bench.world import World, write_peers
from shared import wiring
from shared.profiles.commit import COLLECTION
from shared.stores.ports import Fields

PAUSE_S = 0.5
STABLE = 5
"""Counts that must agree: a transaction that waits for a lock moves nothing for two seconds."""

MOST = 80


class Ledger:
    """Counts, round by round, what the three that write have acknowledged and what they have stored."""

    def __init__(self, world: World, ours: str, floor: str, usual: str):
        self._world = world
        self._names = (ours, floor, usual)
        self._documents: Mapping[str, Fields] = {}
        self._before: Counter[str] = Counter()
        self._acknowledged: Counter[str] = Counter()
        self._stored: Counter[str] = Counter()

    def open(self) -> None:
        """Put every profile back to how it was, so that all rounds begin alike."""
        write_peers(self._world)
        asyncio.run(self._restore())
        self._before = self._count()

    def close(self, acknowledged: Mapping[str, int]) -> None:
        """Wait until all is written, and count."""
        self._acknowledged.update(acknowledged)
        self._stored.update(self.settle() - self._before)

    def grid(self) -> Grid:
        """A request that wrk no longer waited for may still have been stored: more than acknowledged is no loss."""
        rows = [(name, self._acknowledged[name], self._stored[name], self._lost(name)) for name in self._names]
        return Grid("updates lost", ("variant", "acknowledged", "in the profiles", "lost"), rows)

    def failures(self) -> list[str]:
        ours = self._names[0]
        return [f"{ours} lost {self._lost(ours):,} acknowledged events"] if self._lost(ours) else []

    def _lost(self, name: str) -> int:
        return max(0, self._acknowledged[name] - self._stored[name])

    def settle(self) -> Counter[str]:
        """Wait until nothing changes any more; the counts."""
        counts, same = self._count(), 0
        for _ in range(MOST):
            if same == STABLE:
                break
            time.sleep(PAUSE_S)
            before, counts = counts, self._count()
            same = same + 1 if counts == before else 0
        return counts

    def _count(self) -> Counter[str]:
        client = self._world.client
        counts = (asyncio.run(self._count_ours()), readable.count_packed(client), readable.count_readable(client))
        return Counter(dict(zip(self._names, counts, strict=True)))

    async def _count_ours(self) -> int:
        documents = wiring.documents(self._world.settings)
        try:
            return await stored.count_events(documents)
        finally:
            await documents.close()

    async def _restore(self) -> None:
        documents = wiring.documents(self._world.settings)
        self._documents = self._documents or await stored.read_profiles(documents, self._world.people)
        await documents.merge(COLLECTION, self._documents)
        await documents.close()
