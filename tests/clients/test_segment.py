"""Segment's own libraries against a running stack: whatever happens on the way, every event counts once."""

import json
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from segment.analytics.client import Client

from infra.local.process import Stack, running
from shared.profiles.profile import decode_profile
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from tests.clients.faults import FaultProxy, Loss, Refusal
from tests.e2e.test_exactly_once import settled
from tests.privacy import WRITE_KEY

ROUNDS = 60
CALLS = 6
REFUSALS: tuple[Refusal, ...] = (429, 503, 429, 503)
LOSSES: tuple[Loss, ...] = ("answer", "connection", "answer")
SETTINGS = {"ATTUNE_WRITE_KEYS": WRITE_KEY, "ATTUNE_STORE_DEADLINE_MS": "500"}

Send = Callable[[str], list[str]]
"""Send all rounds to a host; returns the ids of the events when the library says that all are delivered."""


def send_python(host: str, zipped: bool) -> list[str]:
    failures: list[object] = []

    def fail(*what: object) -> None:
        failures.append(what)

    client = Client(
        WRITE_KEY,
        host=host,
        gzip=zipped,
        upload_size=25,
        upload_interval=0.1,
        on_error=lambda *what: failures.append(what),
    )
    ids: list[str] = []
    for number in range(ROUNDS):
        user = f"python-{number % 7}"
        product = {"product_id": f"item-{number % 20}", "price": 9.5, "quantity": 1, "currency": "EUR"}
        sent = [
            client.identify(user, {"plan": "pro", "round": number}),
            client.page(user, name="Shop", properties={"url": "https://shop.example/"}),
            client.track(user, "Product Viewed", product),
            client.track(user, "Order Completed", {"products": [product], "revenue": 9.5}),
            client.group(user, "acme"),
            client.alias(f"before-{user}@shop.example", user),
        ]
        assert all(queued for queued, _ in sent)
        ids += [message["messageId"] for _, message in sent]
    client.flush()
    client.join()
    assert failures == []
    return ids


def send_node(host: str, node_modules: Path) -> list[str]:
    script = node_modules.with_name("segment_node.mjs")
    done = subprocess.run(
        ["node", str(script), host, WRITE_KEY, str(ROUNDS)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    ids: list[str] = json.loads(done.stdout)
    return ids


@pytest.fixture(params=["python", "python with gzip", "node"])
def send(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Send:
    """One of the libraries."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # a proxy of the environment does not lead to this machine
    if request.param == "node":
        node_modules: Path = request.getfixturevalue("node_modules")
        return lambda host: send_node(host, node_modules)
    return lambda host: send_python(host, request.param == "python with gzip")


@contextmanager
def topic_down(data: Path) -> Iterator[None]:
    """Nothing can be published: another process holds the queue's file."""
    connection = sqlite3.connect(data / "queue.sqlite", isolation_level=None, timeout=30)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


async def test_every_event_is_in_the_log_and_counted_once(send: Send, tmp_path: Path) -> None:
    with running("embedded", tmp_path, settings=SETTINGS) as stack:
        ids = _send_through_faults(send, stack, tmp_path)
        await settled(stack.url)
    assert len(set(ids)) == len(ids) == ROUNDS * CALLS
    warehouse = EmbeddedWarehouse(tmp_path / "warehouse.duckdb")
    logged = warehouse.query("SELECT event_id, COUNT(*) AS n FROM events GROUP BY event_id").to_pylist()
    warehouse.close()
    assert {row["event_id"] for row in logged} == set(ids)
    # What was taken although its answer was lost came twice, and is in the log twice: whoever reads it counts ids.
    assert sum(row["n"] for row in logged) > len(ids)
    assert await _counted(tmp_path) == len(ids)


def _send_through_faults(send: Send, stack: Stack, data: Path) -> list[str]:
    """The topic is down while the first requests arrive, and the proxy fails others."""
    with FaultProxy(stack.url, REFUSALS, LOSSES).serving() as proxy, ThreadPoolExecutor() as pool:
        with topic_down(data):
            sending = pool.submit(send, proxy.url)
            proxy.wait_for_answer(503, times=2)
        ids = sending.result()
        assert proxy.is_spent
        assert proxy.answers[200] > ROUNDS * CALLS / 25
        assert set(proxy.answers) == {200, 503}
    return ids


async def _counted(data: Path) -> int:
    """Events that the profiles have counted."""
    documents = EmbeddedDocuments(data / "documents.sqlite", timedelta(seconds=5))
    states = [bytes(document.fields["state"]) async for _, document in documents.scan("profiles")]  # type: ignore[arg-type]
    await documents.close()
    return sum(sum(decode_profile(state).counts.values()) for state in states)
