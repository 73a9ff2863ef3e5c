"""What operators see: counts of all instances, behind a key."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from shared.stores.embedded.documents import EmbeddedDocuments
from shared.tally import COLLECTION, Tally, tally
from tests.functions.conftest import Serve

URL = "/v1/ingest/stats"
GOOD: dict[str, Any] = {
    "event_id": "e1",
    "kind": "click",
    "occurred_at": "2026-01-01T00:00:00Z",
    "user_id": "ann",
    "item_ids": ["a"],
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests share this process and so its counts."""
    for name, value in vars(Tally(lambda: datetime.now(UTC))).items():
        monkeypatch.setattr(tally, name, value)


def push(event: dict[str, Any]) -> dict[str, Any]:
    return {"message": {"data": b64encode(msgspec.json.encode(event)).decode(), "messageId": "1"}}


async def test_everything_is_counted(serve: Serve) -> None:
    async with serve("collect") as collect, serve("update_profile") as fold:
        await collect.post("/v1/events", json=[GOOD, GOOD | {"context": {"source": "ga4"}}, GOOD | {"kind": "stare"}])
        await collect.put("/v1/items", json=[{"item_id": "a"}, {"item_id": ""}])
        for event in (GOOD, GOOD, {}):
            assert (await fold.post("/", json=push(event))).status_code == 204
        answer = (await collect.get(URL)).json()
    [(day, found)] = answer["days"].items()
    assert day <= datetime.now(UTC).date().isoformat()
    assert found == {
        "accepted": {"api": 1, "ga4": 1},
        "refused": {"kind": 1},
        "unmapped": {},
        "outcomes": {"applied": 1, "duplicate": 1, "dead_letter": 1},
        "identity": {},
        "items": {"accepted": 1, "refused": 1},
        "decisions": {},
    }


async def test_other_instances_are_added_and_old_days_removed(serve: Serve, documents: EmbeddedDocuments) -> None:
    another = Tally(lambda: datetime.now(UTC))
    another.count("accepted", "segment", 5)
    await another.flush(documents)
    long_ago = Tally(lambda: datetime(2020, 1, 1, tzinfo=UTC))
    long_ago.count("accepted", "segment", 5)
    await long_ago.flush(documents)
    async with serve("collect") as client:
        await client.post("/v1/events", json=GOOD)
        for _ in range(2):
            [found] = (await client.get(URL)).json()["days"].values()
            assert found["accepted"] == {"segment": 5, "api": 1}
    assert len([key async for key, _ in documents.scan(COLLECTION)]) == 2


async def test_a_key_is_asked_for_where_there_is_one(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_WRITE_KEYS", "k1")
    async with serve("collect") as client:
        assert (await client.get(URL)).status_code == 401
        assert (await client.get(URL, params={"write_key": "k1"})).status_code == 401
        assert (await client.get(URL, headers={"authorization": "Bearer k1"})).status_code == 200
        assert (await client.get(URL, headers={"x-write-key": "k1"})).status_code == 200
        assert (await client.post(URL)).status_code == 405
