"""Items over HTTP: a catalogue comes in, is folded into documents, and decides what may be shown."""

import asyncio
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from shared.errors import RetryableError
from shared.models import arrivals
from shared.models.relations import Relations, pack, pack_relations
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.queue import EmbeddedTopics
from tests.functions.conftest import Serve

URL = "/v1/items"
ANVIL = {"item_id": "a", "name": "Anvil", "price": 5}
BELL = {"item_id": "b", "name": "Bell", "hidden": True}
JSON, LINES = "application/json", "application/x-ndjson"


def lines(*items: dict[str, Any]) -> bytes:
    return b"\n".join(map(msgspec.json.encode, items)) + b"\n"


def push(facts: bytes) -> dict[str, Any]:
    return {"message": {"data": b64encode(facts).decode(), "messageId": "1"}}


@pytest.mark.parametrize(
    ("body", "content_type", "accepted"),
    [
        (msgspec.json.encode(ANVIL), JSON, 1),
        (msgspec.json.encode([ANVIL, BELL]), f"{JSON}; charset=utf-8", 2),
        (lines(ANVIL, BELL), LINES, 2),
        (lines(ANVIL, BELL).replace(b"\n", b"\r\n\r\n"), "text/plain", 2),
        (msgspec.json.encode(ANVIL), LINES, 1),
        (msgspec.json.encode([ANVIL, BELL]), "text/plain", 2),
        (b"[]", JSON, 0),
    ],
)
async def test_a_catalogue_is_published(
    serve: Serve, queue: EmbeddedTopics, body: bytes, content_type: str, accepted: int
) -> None:
    queue.declare("items", "inbox")
    async with serve("collect") as client:
        answer = await client.put(URL, content=body, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()) == (202, {"accepted": accepted, "refused": 0, "errors": []})
    assert queue.pending("inbox") == accepted


@pytest.mark.parametrize("as_lines", [False, True])
async def test_every_bad_field_of_every_bad_item_is_named(serve: Serve, queue: EmbeddedTopics, as_lines: bool) -> None:
    queue.declare("items", "inbox")
    items: list[dict[str, Any]] = [
        ANVIL,
        {"item_id": "c", "price": -1, "url": "javascript:x"},
        BELL,
        {"name": "?", "colour": "red"},
    ]
    body = lines(*items) + b"{broken" if as_lines else msgspec.json.encode(items)
    async with serve("collect") as client:
        answer = await client.put(URL, content=body, headers={"content-type": LINES if as_lines else JSON})
    assert answer.status_code == 400
    found = answer.json()
    assert (found["accepted"], found["refused"]) == (2, 3 if as_lines else 2)
    named = {(error["index"], error["item_id"]): {p["field"] for p in error["problems"]} for error in found["errors"]}
    expected: dict[Any, set[str]] = {(1, "c"): {"price", "url"}, (3, None): {"item_id", "colour"}}
    assert named == expected | ({(4, None): {""}} if as_lines else {})
    assert queue.pending("inbox") == 2


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", JSON, 400),
        (lines(ANVIL, BELL), JSON, 400),
        (b"3", JSON, 400),
        (b"", JSON, 400),
        (b"\xff", LINES, 400),
        (b"[" * 100_000, LINES, 400),
        (b"{}", "text/csv", 415),
        (b" " * 10_000_000, JSON, 413),
        (msgspec.json.encode([ANVIL] * 3_000), JSON, 400),
        (msgspec.json.encode({"item_id": "a", "tags": ["x" * 60] * 1_000}), JSON, 400),
    ],
)
async def test_what_is_no_catalogue_is_refused(
    serve: Serve, queue: EmbeddedTopics, body: bytes, content_type: str, status: int
) -> None:
    queue.declare("items", "inbox")
    async with serve("collect") as client:
        answer = await client.put(URL, content=body, headers={"content-type": content_type})
    assert answer.status_code == status
    assert queue.pending("inbox") == 0


async def test_a_key_is_asked_for_where_there_is_one(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_WRITE_KEYS", "k1,k2")
    async with serve("collect") as client:
        assert (await client.put(URL, json=ANVIL)).status_code == 401
        assert (await client.put(URL, json=ANVIL, headers={"authorization": "Bearer k3"})).status_code == 401
        assert (await client.put(URL, json=ANVIL, headers={"authorization": "Bearer k2"})).status_code == 202
        assert (await client.put(URL, json=ANVIL, auth=("k1", ""))).status_code == 202


async def test_an_item_that_is_new_is_told_to_those_who_try_items(
    serve: Serve, documents: EmbeddedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "PERIOD_S", 0.0)
    await documents.merge("items", {"a": pack_relations(Relations([("b", 0.5)]))})
    async with serve("update_items") as client:
        for facts in (ANVIL, {**BELL, "stated_at": "2026-01-02T00:00:00Z"}):
            assert (await client.post("/", json=push(msgspec.json.encode(facts)))).status_code == 204
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == arrivals.KEY))
    stored = await documents.get("models", "arrivals")
    assert stored
    assert stored.fields == {"items": {"b": 1_767_312_000_000}}


async def test_facts_are_folded_once_and_the_newest_counts(serve: Serve, documents: EmbeddedDocuments) -> None:
    await documents.merge("items", {"a": pack_relations(Relations([("b", 0.5)]))})
    new, old = ({**ANVIL, "name": name, "stated_at": f"2026-01-0{day}T00:00:00Z"} for name, day in (("N", 2), ("O", 1)))
    async with serve("update_items") as client:
        for facts in (new, old, new):
            assert (await client.post("/", json=push(msgspec.json.encode(facts)))).status_code == 204
        assert (await client.get("/")).json()["outcomes"] == {"applied": 1, "known": 2}
    stored = await documents.get("items", "a")
    assert stored
    assert stored.fields["name"] == "N"
    assert stored.fields["relations_a"] == pack(Relations([("b", 0.5)]))


async def test_what_can_never_be_folded_goes_to_the_dead_letters(serve: Serve, queue: EmbeddedTopics) -> None:
    queue.declare("dead-letters", "kept")
    async with serve("update_items") as client:
        for data in (b"", b"\xff", b"{}", b'{"item_id":"a","url":"x"}'):
            assert (await client.post("/", json=push(data))).status_code == 204
        assert (await client.post("/", content=b"{}")).status_code == 400
        assert (await client.put("/", content=b"{}")).status_code == 405
    assert queue.pending("kept") == 4


async def test_a_store_that_is_away_asks_for_redelivery(
    serve: Serve, documents: EmbeddedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise RetryableError("away")

    monkeypatch.setattr(documents, "put", away)
    async with serve("update_items") as client:
        assert (await client.post("/", json=push(msgspec.json.encode(ANVIL)))).status_code == 500


async def test_events_state_facts_too(serve: Serve, queue: EmbeddedTopics) -> None:
    queue.declare("items", "inbox")
    event = {
        "event_id": "e1",
        "kind": "item_view",
        "occurred_at": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
        "user_id": "ann",
        "item_ids": ["a"],
        "properties": {"title": "Toy Story"},
    }
    async with serve("collect") as client:
        for number in range(3):
            assert (await client.post("/v1/events", json=event | {"event_id": f"e{number}"})).status_code == 202
    assert queue.pending("inbox") == 1
