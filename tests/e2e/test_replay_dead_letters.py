"""Dead letters come back, items disappear, counts add up: on a stack that serves, is stopped, and serves again."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from google.cloud.pubsub_v1 import SubscriberClient

from infra.cli import main
from infra.local import pubsub
from infra.local.layout import STATUS
from infra.local.process import running
from shared import wiring
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.queue import EmbeddedTopics
from shared.stores.gcp.topics import PubSubTopics
from shared.stores.ports import Message

DEADLINE = timedelta(seconds=5)
PAUSE_S = 0.05
BIG = {
    "event_id": "big",
    "kind": "purchase",
    "occurred_at": "2026-01-01T00:00:00Z",
    "user_id": "ann",
    "item_ids": ["a"],
    "properties": {"note": "x" * 2_000},
}
SMALL = BIG | {"event_id": "small", "properties": {}}


def wait(url: str, done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The stack's status as soon as it is so."""
    while not done(status := httpx.get(url + STATUS).json()):
        time.sleep(PAUSE_S)
    found: dict[str, Any] = status
    return found


def is_idle(status: dict[str, Any]) -> bool:
    return not any(status["waiting"].values())


async def publish(folder: Path, topic: str, *data: bytes) -> None:
    topics = EmbeddedTopics(folder / "queue.sqlite", DEADLINE)
    await topics.publish(topic, [Message(one) for one in data])
    await topics.close()


async def purchases(folder: Path) -> object:
    documents = EmbeddedDocuments(folder / "documents.sqlite", DEADLINE)
    profile = await documents.get("profiles", "u:ann")
    await documents.close()
    return profile.fields["purchases"] if profile else None


def replay(folder: Path, *options: str) -> int:
    return main(["replay", "--data", str(folder), *options])


def test_a_dead_letter_is_counted_once_when_it_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The event is larger than the stack takes; with a larger limit it is read."""
    with running("embedded", tmp_path, settings={"ATTUNE_MAX_EVENT_BYTES": "1000"}) as stack:
        asyncio.run(publish(tmp_path, "events", msgspec.json.encode(BIG)))
        asyncio.run(publish(tmp_path, "items", b'{"item_id":"a","stated_at":"2026-01-01T00:00:00Z","price":-1}'))
        wait(stack.url, is_idle)
        assert replay(tmp_path, "--dry-run") == 0
        assert "too large" in (printed := capsys.readouterr().out)
        assert "would be put back" in printed
        assert replay(tmp_path, "--function", "update_profile") == 0  # still too large: it comes back as a letter
        wait(stack.url, lambda status: status["outcomes"].get("dead_letter") == 2)
    assert asyncio.run(purchases(tmp_path)) is None
    capsys.readouterr()
    assert replay(tmp_path, "--function", "update_profile") == 0
    assert "put back" in capsys.readouterr().out
    assert replay(tmp_path, "--function", "update_profile") == 0
    assert "There are no dead letters of update_profile" in capsys.readouterr().out
    with running("embedded", tmp_path) as stack:
        wait(stack.url, lambda status: status["outcomes"] == {"applied": 1})
        asyncio.run(publish(tmp_path, "events", msgspec.json.encode(BIG)))
        wait(stack.url, lambda status: status["outcomes"] == {"applied": 1, "duplicate": 1})
    assert asyncio.run(purchases(tmp_path)) == 1


def test_wrong_use_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(tmp_path) == 2
    assert replay(tmp_path, "--function", "juggle") == 2
    errors = capsys.readouterr().err.splitlines()
    assert ["queue.sqlite" in errors[0], "update_profile" in errors[1], len(errors)] == [True, True, 2]


def test_a_letter_from_nowhere_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def prepare() -> None:
        topics = EmbeddedTopics(tmp_path / "queue.sqlite", DEADLINE)
        topics.declare("dead-letters", "dead-letters-kept")
        letters = [{"function": "x", "topic": "no-such"}, {"CloudPubSubDeadLetterSourceSubscription": "update_items"}]
        await topics.publish("dead-letters", [Message(b"{}", attributes=attributes) for attributes in letters])
        assert topics.pending() == 2
        await topics.close()

    asyncio.run(prepare())
    assert replay(tmp_path) == 1
    assert replay(tmp_path) == 1
    assert "left: from no known topic" in capsys.readouterr().out
    topics = EmbeddedTopics(tmp_path / "queue.sqlite", DEADLINE)
    assert (topics.pending("dead-letters-kept"), topics.pending("update_items")) == (1, 1)


def shown(url: str) -> list[tuple[str, str | None]]:
    answer = httpx.get(f"{url}/v1/recommendations", params={"user_id": "bob", "n": 10}).json()
    return [(item["item_id"], item["name"]) for item in answer["items"]]


def test_a_hidden_item_is_shown_no_more_and_counts_survive(tmp_path: Path) -> None:
    events = [
        SMALL | {"event_id": f"{user}-{item}", "user_id": user, "item_ids": [item], "properties": {"title": item * 3}}
        for user in ("ann", "cyd", "dan")
        for item in "abc"
    ]
    live = {"ATTUNE_ITEM_REFRESH_S": "0.1", "ATTUNE_MODEL_REFRESH_S": "0.1"}
    with running("embedded", tmp_path, settings=live) as stack:
        assert httpx.post(f"{stack.url}/v1/events", json=events).status_code == 202
        wait(stack.url, is_idle)
        httpx.post(f"{stack.url}/v1/retrain", json={}, timeout=60).raise_for_status()
        while len(found := shown(stack.url)) < 3:
            time.sleep(PAUSE_S)
        assert sorted(found) == [("a", "aaa"), ("b", "bbb"), ("c", "ccc")]
        assert httpx.put(f"{stack.url}/v1/items", json={"item_id": "b", "hidden": True}).status_code == 202
        while len(found := shown(stack.url)) == 3:
            time.sleep(PAUSE_S)
        assert sorted(found) == [("a", "aaa"), ("c", "ccc")]
        before = stats(stack.url)
    with running("embedded", tmp_path) as stack:
        assert httpx.post(f"{stack.url}/v1/events", json=events).status_code == 202
        wait(stack.url, lambda status: status["outcomes"].get("duplicate") == 9)
        after = stats(stack.url)
    assert (before["accepted"], after["accepted"]) == ({"api": 9}, {"api": 18})
    assert after["outcomes"] == {"applied": 9, "duplicate": 9}
    assert (before["items"]["accepted"], after["items"]["accepted"]) == (1, 1)


def stats(url: str) -> dict[str, dict[str, int]]:
    """The days added up: midnight may pass meanwhile."""
    found: dict[str, dict[str, int]] = {}
    for day in httpx.get(f"{url}/v1/ingest/stats").json()["days"].values():
        for group, names in day.items():
            totals = found.setdefault(group, {})
            for name, number in names.items():
                totals[name] = totals.get(name, 0) + number
    return found


@pytest.fixture
async def project(on_emulators: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A project of its own, with every topic."""
    name = f"test-{uuid4().hex[:12]}"
    monkeypatch.setenv("ATTUNE_PROJECT", name)
    wiring.settings.cache_clear()
    pubsub.create_topics(name)
    yield name
    wiring.settings.cache_clear()


async def test_letters_of_pubsub(project: str, capsys: pytest.CaptureFixture[str]) -> None:
    topics = PubSubTopics(project, DEADLINE)
    with SubscriberClient() as subscriber:
        inbox = pubsub.create_pull(subscriber, project, "events")
        letters = [
            Message(
                b"1", attributes={"kind": "click", "reason": "invalid", "function": "update_profile", "topic": "events"}
            ),
            Message(b"2", attributes={"CloudPubSubDeadLetterSourceSubscription": "update_items"}),
        ]
        await topics.publish("dead-letters", letters)
        await topics.close()
        ask = ["replay", "--stack", "emulators", "--function", "update_profile"]
        assert await asyncio.to_thread(main, [*ask, "--dry-run"]) == 0
        assert await asyncio.to_thread(main, ask) == 0
        [received] = subscriber.pull(subscription=inbox, max_messages=10, timeout=10).received_messages
        assert (received.message.data, dict(received.message.attributes)) == (b"1", {"kind": "click"})
        assert await asyncio.to_thread(main, ask) == 0
        kept = f"projects/{project}/subscriptions/dead-letters-kept"
        [left] = subscriber.pull(subscription=kept, max_messages=10, timeout=10).received_messages
        assert left.message.data == b"2"
    assert "There are no dead letters of update_profile" in capsys.readouterr().out
