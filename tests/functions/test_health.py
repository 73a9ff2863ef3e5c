"""/healthz looks at nothing, /readyz at all that the function needs: on every function, within a deadline."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local.embedded import EmbeddedStack, load
from infra.local.layout import FUNCTIONS, TOPICS
from shared import wiring
from shared.served import ALIVE, READY
from tests.functions.conftest import Serve

NAMES = [function.name for function in FUNCTIONS]
BY_NAME = {function.name: function for function in FUNCTIONS}


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine opens a warehouse in more than two seconds."""
    monkeypatch.setattr("shared.readiness.DEADLINE", timedelta(minutes=1))


async def readiness(client: httpx.AsyncClient) -> tuple[int, dict[str, Any]]:
    answer = await client.get(READY)
    return answer.status_code, answer.json()


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("name", NAMES)
async def test_where_all_is_well(serve: Serve, name: str) -> None:
    async with serve(name) as client:
        for path in ALIVE:
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        status, told = await readiness(client)
        assert (status, told["status"]) == (200, "ready")
        assert set(told["dependencies"].values()) == {"ok"}
        named = {need.removeprefix("topic ") for need in told["dependencies"]}
        assert named <= {"documents", "warehouse", *TOPICS}
        assert named


@pytest.mark.parametrize("name", NAMES)
async def test_where_nothing_is_there(serve: Serve, tmp_path: Path, name: str) -> None:
    for store in ("documents.sqlite", "queue.sqlite", "warehouse.duckdb"):
        (tmp_path / store).write_text("no database" * 1_000)
    async with serve(name) as client:
        assert [(await client.get(path)).status_code for path in ALIVE] == [200] * len(ALIVE)
        status, told = await readiness(client)
        assert (status, told["status"]) == (503, "not ready")
        assert set(told["dependencies"].values()) == {"missing"}


@pytest.mark.usefixtures("patient")
async def test_what_is_missing_is_named(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "documents.sqlite").write_text("no database" * 1_000)
    async with serve("update_profile") as client:
        status, told = await readiness(client)
        assert status == 503
        assert [name for name, found in told["dependencies"].items() if found == "missing"] == ["documents"]


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.timeout(60)  # far below the stores' own deadline
async def test_what_does_not_answer_is_missing(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "ATTUNE_BACKEND": "gcp",
        "ATTUNE_PROJECT": "none",
        "ATTUNE_BIGQUERY_ENDPOINT": f"http://{silent}",
        "ATTUNE_STORE_DEADLINE_MS": "120000",
        "FIRESTORE_EMULATOR_HOST": silent,
        "PUBSUB_EMULATOR_HOST": silent,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    wiring.settings.cache_clear()
    transport = httpx.ASGITransport(load(BY_NAME["normalize"]))
    async with httpx.AsyncClient(transport=transport, base_url="http://attune.test") as client:
        assert (await client.get("/healthz")).status_code == 200
        (status, told), (again, _) = await asyncio.gather(readiness(client), readiness(client))
    assert (status, again) == (503, 503)
    assert set(told["dependencies"].values()) == {"missing"}
    await wiring.close_all()
    wiring.settings.cache_clear()


@pytest.mark.usefixtures("patient")
async def test_a_topic_that_nobody_made_is_missing(
    on_emulators: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTUNE_BACKEND", "gcp")
    monkeypatch.setenv("ATTUNE_PROJECT", "test-health")
    wiring.settings.cache_clear()
    transport = httpx.ASGITransport(load(BY_NAME["update_profile"]))
    async with httpx.AsyncClient(transport=transport, base_url="http://attune.test") as client:
        status, told = await readiness(client)
    found = {name for name, answer in told["dependencies"].items() if answer == "missing"}
    assert (status, found) == (503, {"topic persona-changes", "topic refolds", "topic dead-letters"})
    await wiring.close_all()
    wiring.settings.cache_clear()


@pytest.mark.usefixtures("patient")
async def test_the_local_stack_is_as_ready_as_its_functions(serve: Serve, tmp_path: Path) -> None:
    transport = httpx.ASGITransport(EmbeddedStack(wiring.settings()).app)
    async with httpx.AsyncClient(transport=transport, base_url="http://attune.test") as client:
        assert (await client.get("/healthz")).status_code == 200
        status, told = await readiness(client)
        assert (status, sorted(told["functions"])) == (200, sorted(NAMES))
    await wiring.close_all()
    (tmp_path / "documents.sqlite").write_text("no database" * 1_000)
    transport = httpx.ASGITransport(EmbeddedStack(wiring.settings()).app)
    async with httpx.AsyncClient(transport=transport, base_url="http://attune.test") as client:
        status, told = await readiness(client)
    assert status == 503
    assert told["functions"]["recommend"]["dependencies"]["documents"] == "missing"
    assert told["functions"]["collect"]["status"] == "ready"


async def test_nobody_hears_of_probes(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    async with serve("collect") as client:
        for path in (*ALIVE, READY):
            await client.get(path)
    assert capfd.readouterr().err == ""
    assert not logging.getLogger("uvicorn.access").handlers
