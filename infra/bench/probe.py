"""Probes: somebody new looks at an item, and asks for recommendations until that item is no longer among them."""

import asyncio
import time
from datetime import UTC, datetime
from itertools import count
from typing import NamedTuple

import httpx

from infra.bench.traffic import ROUTE

RECOMMENDATIONS = "/v1/recommendations"
N = 10
EVERY_S = 0.2
PAUSE_S = 0.02
GIVE_UP_S = 10.0


class Probe(NamedTuple):
    """One probe, in ms.

    Attributes:
        collect_ms: until collect answered.
        lag_ms: from there until an answer of recommend without the item had been read.
        ask_ms: how much of that was the asking and answering of that last request.
        asked: requests that it took.
    """

    collect_ms: float
    lag_ms: float
    ask_ms: float
    asked: int


async def probe_steadily(client: httpx.AsyncClient, prefix: str, seconds: float) -> list[Probe]:
    """One probe after the other has begun, at a steady pace, whether or not the ones before have ended."""
    tasks = []
    async with asyncio.TaskGroup() as group:
        for number in range(round(seconds / EVERY_S)):
            tasks.append(group.create_task(_probe(client, f"{prefix}-{number}")))
            await asyncio.sleep(EVERY_S)
    return [task.result() for task in tasks]


async def recommended(client: httpx.AsyncClient, user_id: str) -> list[str]:
    """What is recommended to them now."""
    answer = await client.get(RECOMMENDATIONS, params={"user_id": user_id, "n": N})
    return [item["item_id"] for item in answer.raise_for_status().json()["items"]]


async def _probe(client: httpx.AsyncClient, user_id: str) -> Probe:
    [item, *_] = await recommended(client, user_id)
    event = {
        "event_id": f"{user_id}-looks",
        "kind": "item_view",
        "occurred_at": datetime.now(UTC).isoformat(),
        "user_id": user_id,
        "item_ids": [item],
    }
    begun = time.monotonic()
    (await client.post(ROUTE, json=[event])).raise_for_status()
    answered = time.monotonic()
    for asked in count(1):
        asks = time.monotonic()
        is_known = item not in await recommended(client, user_id)
        now = time.monotonic()
        if is_known or now - answered > GIVE_UP_S:
            return Probe(1_000 * (answered - begun), 1_000 * (now - answered), 1_000 * (now - asks), asked)
        await asyncio.sleep(PAUSE_S)
    raise AssertionError
