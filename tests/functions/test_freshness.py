"""How long an event took from collect to its profile is measured by its own `received_at`, for each event."""

import asyncio
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.functions.conftest import Serve

HOUR = timedelta(hours=1)
HOUR_MS = HOUR / timedelta(milliseconds=1)


def push(number: int, received_at: datetime | None) -> dict[str, Any]:
    event = {
        "event_id": f"e{number}",
        "kind": "click",
        "occurred_at": "2026-01-01T00:00:00Z",
        "user_id": "ann",
        "item_ids": ["a"],
    }
    if received_at is not None:
        event["received_at"] = received_at.isoformat()
    return {"message": {"data": b64encode(msgspec.json.encode(event)).decode()}}


async def test_each_event_of_a_group_has_its_own(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    pushes = [push(n, now - n * HOUR) for n in range(4)]
    async with serve("update_profile") as client:
        await asyncio.gather(*(client.post("/", json=one) for one in pushes))
        for repeated in (pushes[3], push(4, None), push(5, now + HOUR)):
            assert (await client.post("/", json=repeated)).status_code == 204
    lines = [msgspec.json.decode(line) for line in capfd.readouterr().err.splitlines()]
    told = sorted(line["freshness_ms"] // HOUR_MS for line in lines[:4])
    assert told == [0, 1, 2, 3]
    assert [(line["outcome"], line.get("freshness_ms")) for line in lines[4:]] == [
        ("duplicate", None),
        ("applied", None),  # nobody said when it was received
        ("applied", 0),  # by a clock that is ahead of ours
    ]
