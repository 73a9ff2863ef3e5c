"""Traffic of simulated people: as much as a stack takes, or a steady stream, whatever the stack makes of it."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, count, islice

import httpx
import msgspec
from httpx import codes

from infra.local.inputs import Fields, shift
from infra.local.inputs.simulate import Simulation
from infra.local.inputs.simulate.stream import END
from infra.local.layout import STATUS

ROUTE = "/v1/events"
BATCH = 20
CONNECTIONS = 8
AGAIN_S = 0.5
FIRST_SEED = 1_000


class Traffic:
    """Events in the order of their times, never the same twice; every few thousand, new people take over."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._events = chain.from_iterable(_crowd(seed) for seed in count(FIRST_SEED))

    async def flood(self, number: int) -> float:
        """Post so many events as fast as they are taken; events per second until the last is folded and in the log."""
        before, begun = await done(self._client), time.monotonic()
        bodies = [self._body() for _ in range(number // BATCH)]
        queue = iter(bodies)
        await asyncio.gather(*(self._post_all(queue) for _ in range(CONNECTIONS)))
        await await_done(self._client, before + len(bodies) * BATCH)
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
        while True:  # as every sender does that is told to come again
            answer = await self._client.post(ROUTE, content=body, headers={"content-type": "application/json"})
            if answer.status_code != codes.SERVICE_UNAVAILABLE:
                break
            await asyncio.sleep(AGAIN_S)
        answer.raise_for_status()

    def _body(self) -> bytes:
        return msgspec.json.encode(list(islice(self._events, BATCH)))


async def await_done(client: httpx.AsyncClient, number: int) -> None:
    """Return when so many have been dealt with."""
    while await done(client) < number:  # noqa: ASYNC110 - another process deals with them
        await asyncio.sleep(0.1)


async def done(client: httpx.AsyncClient) -> int:
    """How many events are folded and in the log since the stack was started, those delivered again left out."""
    status = (await client.get(STATUS)).raise_for_status().json()
    folded = sum(number for outcome, number in status["outcomes"].items() if outcome != "duplicate")
    return int(min(folded, status["logged"].get("events", 0)))


def _crowd(seed: int) -> Iterator[Fields]:
    return shift(Simulation(users=400, days=10, seed=seed).events(), END, datetime.now(UTC))
