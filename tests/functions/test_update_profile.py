"""update_profile over HTTP: both body forms, exactly once, one read and one write."""

import asyncio
import random
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from shared.errors import RetryableError
from shared.events.event import Event, encode_event
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import decode_profile, encode_profile, new_profile
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.queue import EmbeddedTopics
from tests.functions.conftest import Serve

START = datetime(2026, 1, 1, tzinfo=UTC)


def make(number: int, user_id: str = "ann", kind: Any = "item_view") -> Event:
    return Event(
        event_id=f"e{number}",
        kind=kind,
        occurred_at=START + timedelta(minutes=number, seconds=number**2 % 53),  # no clock of a bot
        user_id=user_id,
        item_ids=(f"i{number % 7}",),
        category="shoes",
    )


def message(data: bytes) -> dict[str, Any]:
    return {"data": b64encode(data).decode(), "messageId": "1", "publishTime": "2026-01-01T00:00:00Z", "attributes": {}}


def push(data: bytes) -> dict[str, Any]:
    return {"message": message(data), "subscription": "projects/p/subscriptions/s", "deliveryAttempt": 1}


def cloud_event(data: bytes) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "1",
        "type": "google.cloud.pubsub.topic.v1.messagePublished",
        "source": "//pubsub.googleapis.com/projects/p/topics/events",
        "data": push(data),
    }


async def state(documents: EmbeddedDocuments, person: str = "u:ann") -> bytes:
    document = await documents.get("profiles", person)
    assert document is not None
    packed = document.fields["state"]
    assert isinstance(packed, bytes)
    return packed


def folded(events: list[Event]) -> bytes:
    profile = new_profile(Settings().half_life)
    fold(profile, events, read_terms(Settings()))
    return encode_profile(profile)


@pytest.mark.parametrize("form", [push, cloud_event])
async def test_both_forms_are_folded_once(serve: Serve, documents: EmbeddedDocuments, form: Any) -> None:
    async with serve("update_profile") as client:
        answers = [await client.post("/", json=form(encode_event(make(1)))) for _ in range(3)]
        counted = (await client.get("/")).json()["outcomes"]
    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert counted == {"applied": 1, "duplicate": 2}
    assert await state(documents) == folded([make(1)])


async def test_the_emulators_body_is_read(serve: Serve, documents: EmbeddedDocuments) -> None:
    """As received from the Pub/Sub emulator: each name twice, no ordering key."""
    body = push(encode_event(make(1)))
    body["message"] |= {"message_id": "1", "publish_time": "2026-01-01T00:00:00Z"}
    del body["deliveryAttempt"]
    async with serve("update_profile") as client:
        assert (await client.post("/projects/p/topics/t", json=body)).status_code == 204
    assert decode_profile(await state(documents)).counts == {"item_view": 1}


async def test_concurrent_deliveries_share_writes_and_count_once(serve: Serve, documents: EmbeddedDocuments) -> None:
    events = [make(number, user) for number in range(60) for user in ("ann", "bob")]
    events = [msgspec.structs.replace(event, event_id=f"{event.user_id}-{event.event_id}") for event in events]
    deliveries = events + random.Random(1).sample(events, 40)
    random.Random(2).shuffle(deliveries)
    async with serve("update_profile") as client:
        answers = await asyncio.gather(*(client.post("/", json=push(encode_event(event))) for event in deliveries))
    assert {answer.status_code for answer in answers} == {204}
    for user in ("ann", "bob"):
        assert await state(documents, f"u:{user}") == folded([event for event in events if event.user_id == user])
    assert documents.counts["writes"] < len(events)


async def test_an_event_costs_one_read_and_one_write(serve: Serve, documents: EmbeddedDocuments) -> None:
    async with serve("update_profile") as client:
        await client.post("/", json=push(encode_event(make(0, "warm-up"))))
        await client.post("/", json=push(encode_event(make(0))))
        assert documents.counts["reads"] == 2 * 2 + 1, "a newcomer's tombstone is looked for; models are read once"
        documents.counts.clear()
        for number in range(1, 6):
            await client.post("/", json=push(encode_event(make(number))))
        assert documents.counts == {"reads": 5, "writes": 5}
        documents.counts.clear()
        await client.post("/", json=push(encode_event(make(1))))
        assert documents.counts == {"reads": 1}


async def test_a_login_takes_the_device_along(serve: Serve, documents: EmbeddedDocuments) -> None:
    """Whatever order the messages come in: before, the login itself, after it."""
    before, after = (msgspec.structs.replace(make(number), user_id=None, anonymous_id="device") for number in (1, 3))
    login = msgspec.structs.replace(make(2, kind="identify"), anonymous_id="device", item_ids=(), category=None)
    async with serve("update_profile") as client:
        for event in (before, login, after, before):
            assert (await client.post("/", json=push(encode_event(event)))).status_code == 204
        assert (await client.get("/")).json()["outcomes"] == {"applied": 3, "duplicate": 1}
    assert await state(documents) == folded([before, login, after])
    assert await state(documents, "a:device") == folded([])


@pytest.mark.parametrize("ids", [{"user_id": "null"}, {"anonymous_id": "guest"}, {"anonymous_id": "0000-0000"}])
async def test_an_id_that_many_share_merges_nobody(
    serve: Serve, documents: EmbeddedDocuments, queue: EmbeddedTopics, ids: dict[str, str]
) -> None:
    queue.declare("dead-letters", "kept")
    login = msgspec.structs.replace(make(1, kind="alias"), **{"anonymous_id": "device"} | ids)
    async with serve("update_profile") as client:
        assert (await client.post("/", json=push(encode_event(login)))).status_code == 204
    assert queue.pending("kept") == 1
    assert [key async for key, _ in documents.scan("profiles")] == []


async def test_what_can_never_be_folded_goes_to_the_dead_letters(serve: Serve, queue: EmbeddedTopics) -> None:
    queue.declare("dead-letters", "kept")
    async with serve("update_profile") as client:
        for data in (b"", b"\xff", b"{}", encode_event(make(1))[:-1], b'{"event_id":"x","kind":"stare"}'):
            assert (await client.post("/", json=push(data))).status_code == 204
    assert queue.pending("kept") == 5


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"\xff", b'{"message":{"data":"!"}}', b'{"message":3}', b"[" * 100_000]
)
async def test_what_is_no_delivery_is_refused(serve: Serve, body: bytes) -> None:
    async with serve("update_profile") as client:
        answer = await client.post("/", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["problems"]


async def test_a_store_that_is_away_asks_for_redelivery(
    serve: Serve, documents: EmbeddedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise RetryableError("away")

    async with serve("update_profile") as client:
        with monkeypatch.context() as patch:
            patch.setattr(documents, "put_all", away)
            assert (await client.post("/", json=push(encode_event(make(1))))).status_code == 500
        assert (await client.post("/", json=push(encode_event(make(1))))).status_code == 204
    assert await state(documents) == folded([make(1)])


async def test_the_face_is_readable(serve: Serve, documents: EmbeddedDocuments) -> None:
    async with serve("update_profile") as client:
        await client.post("/", json=push(encode_event(make(1, kind="purchase"))))
    document = await documents.get("profiles", "u:ann")
    assert document is not None
    face = dict(document.fields)
    assert face["user_id"] == "ann"
    assert face["persona"] == "newcomer"
    assert face["last_seen"] == make(1).occurred_at
    assert face["top_categories"] == ["shoes"]
    assert (face["sessions"], face["purchases"], face["high_intent"]) == (1, 1, 1)
