"""collect over HTTP: what is taken, what is refused, and how it says so."""

import asyncio
import gzip
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from shared import wiring
from shared.errors import OverQuotaError, RetryableError
from shared.events.event import decode_event
from shared.stores.embedded.lanes import Delivery
from shared.stores.embedded.queue import EmbeddedTopics
from shared.stores.ports import Message
from tests.functions.conftest import Serve
from tests.privacy import WRITE_KEY

URL = "/v1/events"
GOOD: dict[str, Any] = {
    "event_id": "e1",
    "kind": "click",
    "occurred_at": "2026-01-01T00:00:00Z",
    "user_id": "ann",
    "item_ids": ["a"],
}


async def test_one_event_and_a_list_are_published(serve: Serve, queue: EmbeddedTopics) -> None:
    queue.declare("events", "inbox")
    async with serve("collect") as client:
        one = await client.post(URL, json=GOOD)
        many = await client.post(URL, json=[GOOD | {"event_id": "e2"}, GOOD | {"event_id": "e3", "user_id": "bob"}])
    assert (one.status_code, one.json()) == (202, {"accepted": 1, "refused": 0, "errors": []})
    assert (many.status_code, many.json()["accepted"]) == (202, 2)
    assert queue.pending("inbox") == 3


async def test_good_events_of_a_bad_batch_are_published(serve: Serve, queue: EmbeddedTopics) -> None:
    queue.declare("events", "inbox")
    async with serve("collect") as client:
        answer = await client.post(URL, json=[GOOD, {**GOOD, "event_id": "e2", "kind": "stare", "dwell_s": -1}])
    assert answer.status_code == 400
    assert (answer.json()["accepted"], answer.json()["refused"]) == (1, 1)
    [error] = answer.json()["errors"]
    assert (error["index"], error["event_id"]) == (1, "e2")
    assert {problem["field"] for problem in error["problems"]} == {"kind", "dwell_s"}
    assert all(problem["expected"] and problem["found"] for problem in error["problems"])
    assert queue.pending("inbox") == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", URL, b"{", {}, 400),
        ("POST", URL, b"[" * 100_000, {}, 400),
        ("POST", URL, b"\xff", {}, 400),
        ("POST", URL, b" " * 10_000_000, {}, 413),
        ("POST", URL, b"{}", {"content-type": "text/csv"}, 415),
        ("POST", URL, b"{}", {"content-type": ""}, 415),
        ("GET", URL, b"", {}, 405),
        ("PUT", URL, b"{}", {}, 405),
        ("POST", "/v2/events", b"{}", {}, 404),
    ],
)
async def test_what_is_no_batch_is_refused(
    serve: Serve, queue: EmbeddedTopics, method: str, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    queue.declare("events", "inbox")
    async with serve("collect") as client:
        answer = await client.request(
            method, path, content=body, headers={"content-type": "application/json"} | headers
        )
    assert answer.status_code == status
    assert answer.json()["error"]
    assert queue.pending("inbox") == 0


@pytest.mark.parametrize(
    ("error", "status"), [(RetryableError("the topic is away"), 503), (OverQuotaError("slower"), 429)]
)
async def test_a_topic_that_is_away_asks_to_come_again(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, error: RetryableError, status: int
) -> None:
    async def away(*_: object) -> None:
        raise error

    monkeypatch.setattr(wiring.topics(wiring.settings()), "publish", away)
    async with serve("collect") as client:
        answer = await client.post(URL, json=GOOD)
    assert answer.status_code == status
    assert int(answer.headers["retry-after"]) > 0


async def test_a_body_without_length_is_bounded_too(serve: Serve) -> None:
    async def endless() -> Any:
        for _ in range(1_000):
            yield b" " * 10_000

    async with serve("collect") as client:
        answer: httpx.Response = await client.post(URL, content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


async def take_one(queue: EmbeddedTopics) -> Message:
    """The next message of the subscription `inbox`."""
    got: asyncio.Queue[Message] = asyncio.Queue()

    async def keep(chunk: Sequence[Delivery]) -> list[bool]:
        for delivery in chunk:
            got.put_nowait(delivery.message)
        return [True] * len(chunk)

    consuming = asyncio.create_task(queue.consume("inbox", keep))
    message = await got.get()
    await queue.drain()
    await consuming
    return message


async def test_the_message_is_the_canonical_event(serve: Serve, queue: EmbeddedTopics) -> None:
    queue.declare("events", "inbox")
    async with serve("collect") as client:
        await client.post(URL, json=GOOD | {"received_at": "1999-01-01T00:00:00Z"})
    message = await take_one(queue)
    event = msgspec.json.decode(message.data)
    assert message.key == "u:ann"
    assert message.attributes["kind"] == "click"
    assert event["received_at"] > "2026"
    assert event["item_ids"] == ["a"]


async def test_a_key_is_asked_for_where_there_are_keys(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_WRITE_KEYS", f"other, {WRITE_KEY}")
    wiring.settings.cache_clear()
    shown: list[dict[str, Any]] = [
        {"headers": {"authorization": f"Bearer {WRITE_KEY}"}, "json": GOOD},
        {"headers": {"authorization": "Basic " + b64encode(f"{WRITE_KEY}:".encode()).decode()}, "json": GOOD},
        {"headers": {"x-write-key": WRITE_KEY}, "json": GOOD},
        {"json": {"write_key": WRITE_KEY, "events": [GOOD]}},
    ]
    async with serve("collect") as client:
        taken = [(await client.post(URL, **request)).status_code for request in shown]
        wrong = [
            await client.post(URL, json={"write_key": "guess", "events": [GOOD]}),
            await client.post(URL, json=GOOD),
        ]
    assert taken == [202, 202, 202, 202]
    assert [answer.status_code for answer in wrong] == [401, 401]


@pytest.mark.parametrize(("ahead", "corrected"), [(timedelta(hours=5), True), (timedelta(seconds=9), False)])
async def test_a_wrong_clock_is_corrected(
    serve: Serve, queue: EmbeddedTopics, ahead: timedelta, corrected: bool
) -> None:
    queue.declare("events", "inbox")
    theirs = datetime.now(UTC) + ahead
    event = GOOD | {"occurred_at": (theirs - timedelta(minutes=1)).isoformat()}
    async with serve("collect") as client:
        answer = await client.post(URL, json={"sent_at": theirs.isoformat(), "events": [event]})
    assert answer.status_code == 202
    happened = decode_event((await take_one(queue)).data).occurred_at
    off = happened - (datetime.now(UTC) - timedelta(minutes=1))
    assert (abs(off) < ahead / 2) == corrected


@pytest.mark.parametrize("sent_at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "soon", 7])
async def test_an_absurd_clock_is_refused_by_name(serve: Serve, sent_at: object) -> None:
    async with serve("collect") as client:
        answer = await client.post(URL, json={"sent_at": sent_at, "events": [GOOD]})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["problems"]


async def test_pages_of_allowed_origins_may_send(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_ALLOWED_ORIGINS", "https://shop.example")
    wiring.settings.cache_clear()
    async with serve("collect") as client:
        for method in ("OPTIONS", "POST"):
            ours = await client.request(method, URL, json=GOOD, headers={"origin": "https://shop.example"})
            theirs = await client.request(method, URL, json=GOOD, headers={"origin": "https://other.example"})
            assert ours.headers["access-control-allow-origin"] == "https://shop.example"
            assert "access-control-allow-origin" not in theirs.headers
            assert theirs.headers["vary"] == "origin"


async def test_gzip_is_read_and_bounded(serve: Serve) -> None:
    body = gzip.compress(msgspec.json.encode([GOOD]))
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    async with serve("collect") as client:
        for content, status in ((body, 202), (body[:-9], 400), (b"no gzip", 400), (gzip.compress(bytes(10**8)), 413)):
            assert (await client.post(URL, content=content, headers=headers)).status_code == status
