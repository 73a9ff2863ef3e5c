"""Segment's webhook and function destinations: signatures, keys, and requests to delete a person."""

import hashlib
import hmac
from typing import Any

import msgspec
import pytest

from shared.stores.embedded.queue import EmbeddedTopics
from tests.functions.conftest import Serve
from tests.functions.test_segment import basic, configure, published
from tests.privacy import SECRET, WRITE_KEY

# As JSON.stringify writes it: no spaces, numbers and letters as they are. Another encoder would write it otherwise.
FIRST = '{"type":"track","event":"Café","userId":"ann","messageId":"m1","properties":{"price":1e21,"rate":0.10}}'
SECOND = '{"type":"page","userId":"ann","messageId":"m2"}'
DELETE = '{"type":"delete","userId":"ann","anonymousId":"device"}'


def signature(text: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest()


@pytest.fixture
def inbox(queue: EmbeddedTopics) -> EmbeddedTopics:
    queue.declare("events", "inbox")
    queue.declare("privacy-requests", "privacy")
    return queue


async def post(serve: Serve, body: str, path: str = "webhook", **headers: str) -> tuple[int, dict[str, Any]]:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    async with serve("collect") as client:
        answer = await client.post(f"/v1/segment/{path}", content=body.encode(), headers=sent)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("body", "signed", "status"),
    [
        (FIRST, signature(FIRST), 200),
        (FIRST, signature(FIRST).upper(), 200),
        (f"[{FIRST},{SECOND}]", signature(FIRST), 200),
        (f" [ {FIRST} , {SECOND} ]\n", signature(FIRST), 200),
        (f"[{FIRST},{SECOND}]", signature(f"[{FIRST},{SECOND}]"), 401),
        (f"[{SECOND},{FIRST}]", signature(FIRST), 401),
        (FIRST, signature(FIRST, "another"), 401),
        (FIRST.replace("ann", "bob"), signature(FIRST), 401),
        (FIRST, "", 401),
        (FIRST, "é", 401),
        ("[]", signature(""), 200),
        ("[]", "", 401),
        ("{", signature("{"), 400),
    ],
    ids=range(13),
)
async def test_signatures(
    serve: Serve, inbox: EmbeddedTopics, monkeypatch: pytest.MonkeyPatch, body: str, signed: str, status: int
) -> None:
    configure(monkeypatch, "ATTUNE_WEBHOOK_SECRET", SECRET)
    found, answer = await post(serve, body, x_signature=signed)
    assert (found, answer["success"]) == (status, status == 200)
    assert len(await published(inbox)) == (body.count("messageId") if status == 200 else 0)


async def test_without_a_secret_the_sites_keys_decide(
    serve: Serve, inbox: EmbeddedTopics, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await post(serve, FIRST))[0] == 200
    configure(monkeypatch, "ATTUNE_WRITE_KEYS", WRITE_KEY)
    for path in ("webhook", "function"):
        assert (await post(serve, FIRST, path))[0] == 401
        assert (await post(serve, FIRST, path, **basic(f"{WRITE_KEY}:")))[0] == 200


async def test_the_function_destination_shows_a_key_where_the_webhook_signs(
    serve: Serve, inbox: EmbeddedTopics, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, "ATTUNE_WEBHOOK_SECRET", SECRET)
    assert (await post(serve, FIRST, "function"))[0] == 401
    assert (await post(serve, FIRST, "function", x_signature=signature(FIRST)))[0] == 200
    configure(monkeypatch, "ATTUNE_WRITE_KEYS", WRITE_KEY)
    assert (await post(serve, FIRST, "function", **basic(f"{WRITE_KEY}:")))[0] == 200
    assert (await post(serve, FIRST, "webhook", **basic(f"{WRITE_KEY}:")))[0] == 401


@pytest.mark.parametrize("body", [DELETE, f"[{FIRST},{DELETE}]"])
async def test_a_deletion_goes_to_privacy(serve: Serve, inbox: EmbeddedTopics, body: str) -> None:
    assert (await post(serve, body)) == (200, {"success": True})
    [request] = await published(inbox, "privacy")
    assert request.pop("requested_at").endswith("Z")
    assert request == {"user_id": "ann", "anonymous_id": "device", "source": "segment"}
    assert len(await published(inbox)) == body.count("track")


async def test_nobody_is_deleted_for_nobody(serve: Serve, inbox: EmbeddedTopics) -> None:
    for user_id in ("null", "", None, {"a": 1}, "x" * 300):
        body = msgspec.json.encode({"type": "delete", "userId": user_id}).decode()
        assert (await post(serve, body))[0] == 400
    body = msgspec.json.encode({"type": "track", "event": "delete", "userId": "ann"}).decode()
    assert (await post(serve, body))[0] == 200
    assert inbox.pending("privacy") == 0


async def test_what_is_wrong_with_some_does_not_keep_the_others(serve: Serve, inbox: EmbeddedTopics) -> None:
    status, answer = await post(serve, f"[{FIRST},{{}},3,{SECOND}]")
    assert (status, answer["accepted"], answer["refused"]) == (200, 2, 2)
    assert {event["event_id"] for event in await published(inbox)} == {"m1", "m2"}
