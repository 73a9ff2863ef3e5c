"""A function that is told to end first does what it has begun, or says that it has not: within Cloud Run's ten seconds,
and with exit code 0."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import msgspec
import pytest
from google.cloud.pubsub_v1 import SubscriberClient

from infra.local import pubsub
from infra.local.children import await_answer, child, free_port
from infra.local.layout import FUNCTIONS, ROOT
from shared.decisions import TOPIC
from shared.settings import PREFIX
from shared.stores.embedded.queue import EmbeddedTopics
from tests.e2e.gate import Gate

EVENT = {"event_id": "e1", "kind": "click", "occurred_at": "2026-01-01T00:00:00Z", "user_id": "ann", "item_ids": ["a"]}
CLOUD_RUN_S = 10


class Running(NamedTuple):
    """A function's process."""

    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    async def ends(self) -> int:
        """Its exit code; it has as long as Cloud Run gives it."""
        return await asyncio.to_thread(self.process.wait, CLOUD_RUN_S)


@contextmanager
def running(name: str, folder: Path, settings: dict[str, str]) -> Iterator[Running]:
    """The function as its image starts it."""
    port, log = free_port(), folder / f"{name}.log"
    source = next(function.source for function in FUNCTIONS if function.name == name)
    command = [sys.executable, "-m", "functions_framework", "--source", str(source), "--target", name, "--asgi"]
    environment = {"PYTHONPATH": str(ROOT), **settings}
    with child([*command, "--host", "127.0.0.1", "--port", str(port)], log, environment) as process:
        await_answer(process, port, log)
        yield Running(process, f"http://127.0.0.1:{port}", log)


def embedded(folder: Path) -> dict[str, str]:
    return {f"{PREFIX}BACKEND": "embedded", f"{PREFIX}DATA": str(folder)}


def push(event: dict[str, Any]) -> dict[str, Any]:
    return {"message": {"data": b64encode(msgspec.json.encode(event)).decode(), "messageId": "1"}}


def test_a_decision_outlives_its_instance(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    topics = EmbeddedTopics(data / "queue.sqlite", timedelta(seconds=5))
    topics.declare(TOPIC, "kept")
    with running("recommend", tmp_path, embedded(data)) as recommend:
        assert httpx.get(f"{recommend.url}/v1/recommendations", params={"user_id": "ann"}).status_code == 200
        recommend.process.send_signal(signal.SIGTERM)
        assert recommend.process.wait(timeout=CLOUD_RUN_S) == 0
    assert topics.pending("kept") == 1, recommend.log.read_text()


async def test_what_waits_for_a_file_is_finished(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running("update_profile", tmp_path, embedded(data)) as update_profile:
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
        settings = {
            f"{PREFIX}BACKEND": "gcp",
            f"{PREFIX}PROJECT": project,
            f"{PREFIX}STORE_DEADLINE_MS": "600000",
            "FIRESTORE_EMULATOR_HOST": shut[0].address,
            "PUBSUB_EMULATOR_HOST": shut[1].address,
        }
        with ExitStack() as stack:
            names = ("collect", "update_profile", "recommend")
            functions = {name: stack.enter_context(running(name, tmp_path, settings)) for name in names}
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
