"""Traffic of simulated people: as much as a stack takes, or a steady stream, whatever the stack makes of it."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, count, islice

import httpx
import msgspec

from infra.local.inputs import Fields, shift
from infra.local.inputs.simulate import Simulation
from infra.local.inputs.simulate.stream import END
from infra.local.layout import STATUS

ROUTE = "/v1/events"
BATCH = 20
CONNECTIONS = 8
FIRST_SEED = 1_000


class Traffic:
    """Events in the order of their times, never the same twice; every few thousand, new people take over."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._events = chain.from_iterable(_crowd(seed) for seed in count(FIRST_SEED))

    async def flood(self, number: int) -> float:
        """Post so many events as fast as they are taken; events per second until the last has been folded."""
        before, begun = await folded(self._client), time.monotonic()
        bodies = [self._body() for _ in range(number // BATCH)]
        queue = iter(bodies)
        await asyncio.gather(*(self._post_all(queue) for _ in range(CONNECTIONS)))
        await await_folded(self._client, before + len(bodies) * BATCH)
        return len(bodies) * BATCH / (time.monotonic() - begun)

    async def keep_up(self, events_s: float, enough: asyncio.Event) -> float:
        """Post at this rate until it is enough; a slow answer holds nothing up. Returns the rate of what was sent."""
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in count():
                await asyncio.sleep(max(0.0, begun + number * BATCH / events_s - time.monotonic()))
                if enough.is_set():
                    return number * BATCH / (time.monotonic() - begun)
                group.create_task(self._post(self._body()))
        raise AssertionError

    async def _post_all(self, bodies: Iterator[bytes]) -> None:
        for body in bodies:
            await self._post(body)

    async def _post(self, body: bytes) -> None:
        answer = await self._client.post(ROUTE, content=body, headers={"content-type": "application/json"})
        answer.raise_for_status()

    def _body(self) -> bytes:
        return msgspec.json.encode(list(islice(self._events, BATCH)))


async def await_folded(client: httpx.AsyncClient, number: int) -> None:
    """Return when so many have been."""
    while await folded(client) < number:  # noqa: ASYNC110 - another process folds
        await asyncio.sleep(0.1)


async def folded(client: httpx.AsyncClient) -> int:
    """How many events have been dealt with since the stack was started, repeated ones left out."""
    outcomes: dict[str, int] = (await client.get(STATUS)).raise_for_status().json()["outcomes"]
    return sum(number for outcome, number in outcomes.items() if outcome != "duplicate")


def _crowd(seed: int) -> Iterator[Fields]:
    return shift(Simulation(users=400, days=10, seed=seed).events(), END, datetime.now(UTC))
