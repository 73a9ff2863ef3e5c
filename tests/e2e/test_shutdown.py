"""A function that is told to end first does what it has begun, or says that it has not: within Cloud Run's ten seconds,
and with exit code 0."""

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest
from google.cloud.pubsub_v1 import SubscriberClient

from infra.local import pubsub
from shared.decisions import TOPIC
from shared.settings import PREFIX
from shared.stores.embedded.queue import EmbeddedTopics
from tests.e2e.alone import LONGEST_S, Running, on_embedded, on_gcp, push, running
from tests.e2e.gate import Gate

EVENT = {"event_id": "e1", "kind": "click", "occurred_at": "2026-01-01T00:00:00Z", "user_id": "ann", "item_ids": ["a"]}


def test_a_decision_outlives_its_instance(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    topics = EmbeddedTopics(data / "queue.sqlite", timedelta(seconds=5))
    topics.declare(TOPIC, "kept")
    with running(["recommend"], tmp_path, on_embedded(data)) as functions:
        recommend = functions["recommend"]
        assert httpx.get(f"{recommend.url}/v1/recommendations", params={"user_id": "ann"}).status_code == 200
        recommend.process.send_signal(signal.SIGTERM)
        assert recommend.process.wait(timeout=LONGEST_S) == 0
    assert topics.pending("kept") == 1, recommend.log.read_text()


async def test_what_waits_for_a_file_is_finished(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(["update_profile"], tmp_path, on_embedded(data)) as functions:
        update_profile = functions["update_profile"]
        async with httpx.AsyncClient(timeout=60) as client:
            assert (await client.post(update_profile.url, json=push(EVENT))).status_code == 204
            other = sqlite3.connect(data / "documents.sqlite", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            second = asyncio.create_task(client.post(update_profile.url, json=push(EVENT | {"event_id": "e2"})))
            await asyncio.sleep(0.5)
            update_profile.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
            assert not second.done()
            other.rollback()
            assert (await second).status_code == 204
        assert await update_profile.ends() == 0
    other.close()


class Hot(NamedTuple):
    """The hot functions on Google's emulators, behind gates that can be shut."""

    functions: dict[str, Running]
    gates: tuple[Gate, Gate]
    project: str
    client: httpx.AsyncClient

    async def ask(self, number: int) -> tuple[int, int, int]:
        """The statuses of an event, its delivery, and a question for recommendations."""
        event = EVENT | {"event_id": f"e{number}"}
        answers = await asyncio.gather(
            self.client.post(f"{self.functions['collect'].url}/v1/events", json=event),
            self.client.post(self.functions["update_profile"].url, json=push(event)),
            self.client.get(f"{self.functions['recommend'].url}/v1/recommendations?user_id=ann"),
        )
        collect, update_profile, recommend = (answer.status_code for answer in answers)
        return collect, update_profile, recommend

    async def end(self) -> None:
        """Tell them to end, while what they need does not answer."""
        for gate in self.gates:
            await gate.held.wait()
        for function in self.functions.values():
            function.process.send_signal(signal.SIGTERM)

    def count(self, topic: str) -> int:
        """Messages that have come to a topic and were not read before."""
        with SubscriberClient() as subscriber:
            subscription = pubsub.create_pull(subscriber, self.project, topic)
            return len([got for _ in range(5) for got in pubsub.pull(subscriber, subscription, 10) or ()])


@pytest.fixture
async def hot(on_emulators: dict[str, str], tmp_path: Path) -> AsyncIterator[Hot]:
    project = f"test-{uuid4().hex[:12]}"
    pubsub.create_topics(project)
    with SubscriberClient() as subscriber:
        for topic in ("events", TOPIC):
            pubsub.create_pull(subscriber, project, topic)
    async with gates(on_emulators) as shut:
        settings = on_gcp(project, shut[0].address, shut[1].address) | {f"{PREFIX}STORE_DEADLINE_MS": "600000"}
        with running(["collect", "update_profile", "recommend"], tmp_path, settings) as functions:
            async with httpx.AsyncClient(timeout=60) as client:
                yield Hot(functions, shut, project, client)


@asynccontextmanager
async def gates(emulators: dict[str, str]) -> AsyncIterator[tuple[Gate, Gate]]:
    async with (
        Gate(emulators["FIRESTORE_EMULATOR_HOST"]) as documents,
        Gate(emulators["PUBSUB_EMULATOR_HOST"]) as topics,
    ):
        yield documents, topics


async def test_what_is_under_way_is_finished(hot: Hot) -> None:
    assert await hot.ask(1) == (202, 204, 200)
    for gate in hot.gates:
        gate.shut()
    asked = asyncio.create_task(hot.ask(2))
    await hot.end()
    await asyncio.sleep(0.5)
    assert not asked.done()
    for gate in hot.gates:
        gate.open()
    assert await asked == (202, 204, 200)
    assert [await function.ends() for function in hot.functions.values()] == [0, 0, 0]
    assert hot.count("events") == 2
    assert hot.count(TOPIC) == 2


async def test_what_cannot_be_finished_is_refused_in_time(hot: Hot) -> None:
    assert await hot.ask(1) == (202, 204, 200)
    for gate in hot.gates:
        gate.shut()
    asked = asyncio.create_task(hot.ask(2))
    await hot.end()
    codes = [await function.ends() for function in hot.functions.values()]
    assert await asked == (503, 503, 200)
    assert codes == [0, 0, 0]
    for name in ("collect", "update_profile"):
        assert '"outcome":"stopped"' in hot.functions[name].log.read_text()
    assert '"message":"decisions not logged"' in hot.functions["recommend"].log.read_text()
