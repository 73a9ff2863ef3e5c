"""Segment's tracking API over HTTP: what its libraries send, and what they are told."""

import asyncio
import gzip
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import wiring
from shared.errors import OverQuotaError, RetryableError
from shared.stores.embedded.lanes import Delivery
from shared.stores.embedded.queue import EmbeddedTopics
from shared.tally import tally
from tests.functions.conftest import Serve
from tests.privacy import WRITE_KEY
from tests.unit.test_parse import json_values

CALL: dict[str, Any] = {
    "userId": "ann",
    "messageId": "m1",
    "event": "Product Viewed",
    "properties": {"product_id": "p"},
}
JSON = {"content-type": "application/json"}


def basic(text: str) -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(text.encode()).decode()}"}


def configure(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Set a setting that has been read already."""
    monkeypatch.setenv(name, value)
    wiring.settings.cache_clear()


async def published(queue: EmbeddedTopics, subscription: str = "inbox") -> list[dict[str, Any]]:
    """All messages that wait on the subscription."""
    found: list[dict[str, Any]] = []
    waiting = queue.pending(subscription)
    complete = asyncio.Event()

    async def keep(chunk: Sequence[Delivery]) -> list[bool]:
        found.extend(msgspec.json.decode(delivery.message.data) for delivery in chunk)
        if len(found) == waiting:
            complete.set()
        return [True] * len(chunk)

    if waiting:
        consuming = asyncio.create_task(queue.consume(subscription, keep))
        await complete.wait()
        await queue.drain()
        await consuming
    return found


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """What the tally is told."""
    counts: Counter[tuple[str, str]] = Counter()
    monkeypatch.setattr(tally, "count", lambda group, name, number=1: counts.update({(group, name): number}))
    return counts


@pytest.fixture
def inbox(queue: EmbeddedTopics) -> EmbeddedTopics:
    queue.declare("events", "inbox")
    return queue


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        *zip(("t", "track"), ("item_view",) * 2, strict=True),
        *zip(("p", "page", "s", "screen"), ("page_view",) * 4, strict=True),
        *zip(("i", "identify"), ("identify",) * 2, strict=True),
        *zip(("g", "group"), ("custom",) * 2, strict=True),
        *zip(("a", "alias"), ("alias",) * 2, strict=True),
    ],
)
async def test_each_path_says_what_its_call_is(serve: Serve, inbox: EmbeddedTopics, path: str, kind: str) -> None:
    body = CALL | {"previousId": "old", "groupId": "acme", "type": "page"}
    async with serve("collect") as client:
        answer = await client.post(
            f"/v1/{path}", content=msgspec.json.encode(body), headers={"content-type": "text/plain;charset=UTF-8"}
        )
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert [event["kind"] for event in await published(inbox)] == [kind]


@pytest.mark.parametrize("path", ["batch", "import", "b"])
async def test_a_batch_says_what_holds_for_all(serve: Serve, inbox: EmbeddedTopics, path: str) -> None:
    body = {
        "batch": [
            CALL | {"type": "track", "context": {"locale": "de"}},
            {"type": "page", "messageId": "m2", "anonymousId": "d", "context": None},
        ],
        "context": {"locale": "en", "userAgent": "bot"},
        "sentAt": "2000-01-01T00:00:00Z",
    }
    async with serve("collect") as client:
        answer = await client.post(
            f"/v1/{path}",
            content=gzip.compress(msgspec.json.encode(body)),
            headers={**JSON, "content-encoding": "gzip"},
        )
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    contexts = {event["event_id"]: event["context"] for event in await published(inbox)}
    assert contexts == {
        "m1": {"locale": "de", "user_agent": "bot", "source": "segment"},
        "m2": {"locale": "en", "user_agent": "bot", "source": "segment"},
    }


async def test_what_is_wrong_with_some_does_not_keep_the_others(
    serve: Serve, inbox: EmbeddedTopics, counted: Counter[tuple[str, str]]
) -> None:
    good = [CALL | {"type": "track", "messageId": f"m{n}", "event": "Course Clicked"} for n in (1, 2)]
    bad = [
        3,
        CALL | {"messageId": "m3"},
        CALL | {"type": "track", "messageId": "m4", "properties": {"x": "y" * 33_000}},
    ]
    async with serve("collect") as client:
        mixed = await client.post("/v1/batch", json={"batch": [good[0], *bad, good[1]]})
        hopeless = await client.post("/v1/batch", json={"batch": bad})
        empty = await client.post("/v1/batch", json={"batch": []})
    assert (mixed.status_code, mixed.json()["success"]) == (200, True)
    assert (mixed.json()["accepted"], mixed.json()["refused"]) == (2, 3)
    assert [(error["index"], error["event_id"]) for error in mixed.json()["errors"]] == [
        (1, None),
        (2, "m3"),
        (3, None),
    ]
    assert (hopeless.status_code, hopeless.json()["success"], hopeless.json()["code"]) == (
        400,
        False,
        "invalid_request",
    )
    assert (empty.status_code, empty.json()) == (200, {"success": True})
    assert {event["event_id"] for event in await published(inbox)} == {"m1", "m2"}
    assert counted == {
        ("accepted", "segment"): 2,
        ("unmapped", "Course Clicked"): 2,
        ("refused", "body"): 4,
        ("refused", "type"): 2,
    }


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("track", b"{", JSON, 400),
        ("track", b"\xff", JSON, 400),
        ("track", b"[]", JSON, 400),
        ("track", b"{}", JSON, 400),
        ("track", b"[" * 100_000, JSON, 400),
        ("batch", b"{}", JSON, 400),
        ("batch", b'{"batch":{}}', JSON, 400),
        ("batch", b'{"batch":[{}],"context":1e999}', JSON, 400),
        ("batch", b'{"batch":[' + b",".join([b"{}"] * 2_501) + b"]}", JSON, 400),
        ("track", b" " * 600_000, JSON, 413),
        ("batch", gzip.compress(b" " * 600_000), {**JSON, "content-encoding": "gzip"}, 413),
        ("batch", gzip.compress(b"{}")[:-4], {**JSON, "content-encoding": "gzip"}, 400),
        ("track", b"{}", {"content-type": "text/csv"}, 415),
    ],
    ids=range(13),
)
async def test_what_never_will_be_taken(
    serve: Serve, inbox: EmbeddedTopics, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    async with serve("collect") as client:
        answer = await client.post(f"/v1/{path}", content=body, headers=headers)
    assert answer.status_code == status
    assert {"success", "code", "message"} <= answer.json().keys()
    assert answer.json()["success"] is False
    assert inbox.pending("inbox") == 0


@pytest.mark.parametrize(
    ("headers", "body_key", "status"),
    [
        (basic(f"{WRITE_KEY}:"), None, 200),
        (basic(WRITE_KEY), None, 200),
        ({"authorization": f"Bearer {WRITE_KEY}"}, None, 200),
        ({}, WRITE_KEY, 200),
        ({"authorization": "Bearer of-oauth"}, WRITE_KEY, 200),
        ({}, None, 401),
        (basic("guess:"), "guess", 401),
        ({"authorization": "Basic %%%"}, None, 401),
        ({}, [WRITE_KEY], 401),
    ],
)
async def test_a_write_key_is_shown(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], body_key: object, status: int
) -> None:
    configure(monkeypatch, "ATTUNE_WRITE_KEYS", f"{WRITE_KEY}, other")
    async with serve("collect") as client:
        one = await client.post("/v1/track", json=CALL | {"writeKey": body_key}, headers=headers)
        batch = await client.post("/v1/batch", json={"batch": [], "writeKey": body_key}, headers=headers)
    assert (one.status_code, batch.status_code) == (status, status)
    assert one.json()["success"] == (status == 200)


@pytest.mark.parametrize(
    ("error", "status"), [(RetryableError("the topic is away"), 503), (OverQuotaError("slower"), 429)]
)
async def test_what_will_be_taken_later(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    counted: Counter[tuple[str, str]],
    error: RetryableError,
    status: int,
) -> None:
    async def away(*_: object) -> None:
        raise error

    monkeypatch.setattr(wiring.topics(wiring.settings()), "publish", away)
    async with serve("collect") as client:
        answer = await client.post("/v1/track", json=CALL)
    assert answer.status_code == status
    assert answer.json()["success"] is False
    assert answer.json().keys() == {"success", "code", "message"}
    assert int(answer.headers["retry-after"]) == int(answer.headers["x-ratelimit-reset"]) > 0
    assert not counted


async def test_addresses_are_those_of_people(
    serve: Serve, inbox: EmbeddedTopics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser's own, a server's only where it says that its client's is meant; truncated."""
    configure(monkeypatch, "ATTUNE_IP", "truncate")
    async with serve("collect") as client:
        await client.post("/v1/t", json=CALL | {"messageId": "browser"})
        await client.post("/v1/track", json=CALL | {"messageId": "server"})
        await client.post("/v1/track", json=CALL | {"messageId": "direct", "context": {"direct": True}})
        await client.post("/v1/t", json=CALL | {"messageId": "given", "context": {"ip": "203.0.113.9"}})
    addresses = {event["event_id"]: event["context"].get("ip") for event in await published(inbox)}
    assert addresses == {"browser": "127.0.0.0", "server": None, "direct": "127.0.0.0", "given": "203.0.113.0"}


async def test_analytics_js_finds_its_settings(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, "ATTUNE_WRITE_KEYS", WRITE_KEY)
    url = f"/v1/projects/{WRITE_KEY}/settings"
    async with serve("collect") as client:
        plain = await client.get(url, headers={"host": "localhost:8080"})
        proxied = await client.get(url, headers={"host": "events.example.com", "x-forwarded-proto": "https,http"})
        unknown = await client.get("/v1/projects/guess/settings")
        forged = await client.get(url, headers={"host": "evil.example/?"})
        metrics = await client.post("/v1/m", content=b'{"series":[]}', headers={"content-type": "text/plain"})
    own = {"apiKey": WRITE_KEY, "apiHost": "localhost:8080/v1", "protocol": "http"}
    assert plain.json()["integrations"]["Segment.io"] == own
    assert proxied.json()["integrations"]["Segment.io"]["protocol"] == "https"
    assert proxied.json()["integrations"]["Segment.io"]["apiHost"] == "events.example.com/v1"
    assert (unknown.status_code, forged.status_code, metrics.status_code) == (401, 400, 200)


texts = st.one_of(
    st.binary(max_size=200),
    json_values.map(msgspec.json.encode),
    st.dictionaries(st.sampled_from([*CALL, "type", "context", "timestamp", "sentAt", "traits"]), json_values).map(
        lambda change: msgspec.json.encode(CALL | change)
    ),
    st.lists(json_values, max_size=5).map(lambda batch: msgspec.json.encode({"batch": batch, "context": {"page": 1}})),
    st.integers(1, 5_000).map(lambda depth: b'{"userId":"a","traits":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"),
    st.integers(1, 2_000).map(
        lambda depth: b'{"batch":[{"type":"identify","userId":"a","traits":' + b"[" * depth + b"]" * depth + b"}]}"
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(("track", "i", "page", "a", "batch", "segment/webhook", "segment/function")),
    body=texts,
    zipped=st.booleans(),
)
def test_hostile_bodies_are_answered(serve: Serve, path: str, body: bytes, zipped: bool) -> None:
    async def post() -> int:
        headers = {**JSON, "content-encoding": "gzip"} if zipped else JSON
        async with serve("collect") as client:
            content = gzip.compress(body) if zipped else body
            return (await client.post(f"/v1/{path}", content=content, headers=headers)).status_code

    assert asyncio.run(post()) in (200, 400)
