"""normalize over HTTP: Segment's forwarding and Firebase's trigger become Events; the rest is kept and told."""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from shared import wiring
from shared.errors import RetryableError
from shared.stores.embedded.lanes import Delivery
from shared.stores.embedded.queue import EmbeddedTopics
from shared.stores.ports import Message
from tests.functions.conftest import Serve
from tests.unit.test_firebase import CLOUD_EVENT, DATA, LEGACY

TRACK = {
    "type": "track",
    "event": "Product Added",
    "messageId": "m1",
    "userId": "ann",
    "anonymousId": None,
    "properties": {"product_id": "p1", "price": 9.99, "quantity": 1},
    "timestamp": "2026-05-17T00:00:00.000Z",
}
TOPICS = ("events", "dead-letters", "privacy-requests")


def push(data: bytes, **attributes: str) -> dict[str, Any]:
    message = {"data": b64encode(data).decode(), "messageId": "1", "attributes": attributes}
    return {"message": message, "subscription": "projects/p/subscriptions/s"}


def segment(**changes: Any) -> dict[str, Any]:
    return push(msgspec.json.encode(TRACK | changes))


async def sent(queue: EmbeddedTopics, topic: str) -> list[Message]:
    """What the topic's subscription, declared before, has got."""
    got: list[Message] = []

    async def keep(chunk: Sequence[Delivery]) -> list[bool]:
        got.extend(delivery.message for delivery in chunk)
        return [True] * len(chunk)

    consuming = asyncio.create_task(queue.consume(f"{topic}-inbox", keep))
    while queue.pending(f"{topic}-inbox"):  # noqa: ASYNC110 - the queue tells nobody when it is empty
        await asyncio.sleep(0.01)
    consuming.cancel()
    return got


@pytest.fixture
def inboxes(queue: EmbeddedTopics) -> EmbeddedTopics:
    for topic in TOPICS:
        queue.declare(topic, f"{topic}-inbox")
    return queue


async def test_segments_event_is_published(serve: Serve, inboxes: EmbeddedTopics) -> None:
    async with serve("normalize") as client:
        for _ in range(2):
            assert (await client.post("/", json=segment())).status_code == 204
        assert (await client.get("/")).json()["outcomes"] == {"published": 2}
    first, again = await sent(inboxes, "events")
    event = msgspec.json.decode(first.data)
    assert (first.key, first.attributes["kind"]) == ("u:ann", "add_to_cart")
    assert (event["event_id"], event["item_ids"], event["context"]["source"]) == ("m1", ["p1"], "segment")
    assert msgspec.json.decode(again.data)["event_id"] == "m1"


async def test_a_cloud_event_carries_it_too(serve: Serve, inboxes: EmbeddedTopics) -> None:
    kind = "google.cloud.pubsub.topic.v1.messagePublished"
    cloud_event = {"specversion": "1.0", "id": "1", "type": kind, "source": "//pubsub", "data": segment()}
    async with serve("normalize") as client:
        assert (await client.post("/", json=cloud_event)).status_code == 204
    assert inboxes.pending("events-inbox") == 1


@pytest.mark.parametrize("payload", [LEGACY, CLOUD_EVENT, DATA])
async def test_firebase_in_every_form(serve: Serve, inboxes: EmbeddedTopics, payload: dict[str, Any]) -> None:
    async with serve("normalize") as client:
        assert (await client.post("/v1/firebase", json=payload)).status_code == 204
    [message] = await sent(inboxes, "events")
    assert msgspec.json.decode(message.data)["context"]["source"] == "firebase"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"type":"track"}',
        b'{"type":"delete"}',
        b'{"type":"delete","userId":"null"}',
        b"[" * 10_000,
        msgspec.json.encode(TRACK | {"userId": None}),
        msgspec.json.encode(TRACK)[:-1],
    ],
)
async def test_what_can_never_be_read_is_kept_with_the_reason(
    serve: Serve, inboxes: EmbeddedTopics, data: bytes
) -> None:
    async with serve("normalize") as client:
        assert (await client.post("/", json=push(data, origin="segment"))).status_code == 204
    [letter] = await sent(inboxes, "dead-letters")
    assert letter.data == data
    assert letter.attributes["reason"]
    assert (letter.attributes["function"], letter.attributes["origin"]) == ("normalize", "segment")
    assert inboxes.pending("events-inbox") == inboxes.pending("privacy-requests-inbox") == 0


async def test_a_dead_letter_of_firebase_can_be_put_back(serve: Serve, inboxes: EmbeddedTopics) -> None:
    payload = deepcopy(LEGACY)
    payload["data"]["eventDim"].append({"name": "no_time"})
    async with serve("normalize") as client:
        assert (await client.post("/v1/firebase", json=payload)).status_code == 204
        assert inboxes.pending("events-inbox") == 1
        [letter] = await sent(inboxes, "dead-letters")
        inboxes.declare("dead-letters", "again")
        assert msgspec.json.decode(letter.data) == payload
        assert letter.attributes["topic"] == "segment-raw"
        assert (await client.post("/", json=push(letter.data))).status_code == 204
    assert inboxes.pending("again") == 1
    ids = {msgspec.json.decode(message.data)["event_id"] for message in await sent(inboxes, "events")}
    assert len(ids) == 1


async def test_an_order_to_forget_goes_to_privacy(serve: Serve, inboxes: EmbeddedTopics) -> None:
    data = msgspec.json.encode({"type": "delete", "userId": "ann", "anonymousId": "x1"})
    async with serve("normalize") as client:
        assert (await client.post("/", json=push(data))).status_code == 204
    [request] = await sent(inboxes, "privacy-requests")
    asked = msgspec.json.decode(request.data)
    assert (request.key, asked["user_id"], asked["anonymous_id"]) == ("u:ann", "ann", "x1")
    assert asked["source"] == "segment"


async def test_a_topic_that_is_away_asks_for_redelivery(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise RetryableError("away")

    monkeypatch.setattr(wiring.topics(wiring.settings()), "publish", away)
    async with serve("normalize") as client:
        for delivery in (segment(), push(b"rubbish"), push(b'{"type":"delete","userId":"ann"}')):
            assert (await client.post("/", json=delivery)).status_code == 500


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"message":3}', b'{"data":{}}', b"[" * 100_000])
async def test_what_is_no_delivery_is_refused(serve: Serve, body: bytes) -> None:
    async with serve("normalize") as client:
        answer = await client.post("/", content=body)
        assert (await client.put("/")).status_code == 405
    assert answer.status_code in (204, 400)
    assert answer.status_code == 204 or answer.json()["problems"]


@budget(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=120), st.dictionaries(st.sampled_from(sorted(TRACK)), st.text() | st.integers() | st.none()))
@example(b"", {"properties": "x" * 9_000, "event": "a\u202eb"})
async def test_hostile_deliveries_are_answered(serve: Serve, data: bytes, changes: dict[str, Any]) -> None:
    async with serve("normalize") as client:
        assert (await client.post("/", content=data)).status_code in (204, 400)
        assert (await client.post("/", json=push(data))).status_code == 204
        assert (await client.post("/", json=segment(**changes))).status_code == 204
