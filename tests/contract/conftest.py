"""The backends, and a place of its own on them for each test."""

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from infra.local.children import free_port
from shared import wiring
from shared.settings import Settings
from shared.stores.ports import Documents, Topics, Warehouse


@pytest.fixture(params=["embedded", "gcp"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings that choose a backend and an empty place there: a new folder, or a new project of the emulators."""
    if request.param == "embedded":
        return Settings(data=str(tmp_path / "data"))
    return gcp_settings(request.getfixturevalue("on_emulators")["ATTUNE_BIGQUERY_ENDPOINT"])


def gcp_settings(endpoint: str = "") -> Settings:
    return Settings(backend="gcp", project=f"test-{uuid4().hex[:12]}", bigquery_endpoint=endpoint)


@pytest.fixture
async def opened() -> AsyncIterator[None]:
    """Whatever the test opens through the wiring is closed after it."""
    yield
    await wiring.close_all()


@pytest.fixture
def documents(settings: Settings, opened: None) -> Documents:
    return wiring.documents(settings)


@pytest.fixture
def topics(settings: Settings, opened: None) -> Topics:
    return wiring.topics(settings)


@pytest.fixture
def warehouse(settings: Settings, opened: None) -> Warehouse:
    return open_warehouse(settings)


def open_warehouse(settings: Settings) -> Warehouse:
    """The warehouse; on BigQuery with its dataset, which is Terraform's work elsewhere."""
    found = wiring.warehouse(settings)
    if settings.backend == "gcp":
        from shared.stores.gcp.warehouse import BigQueryWarehouse

        assert isinstance(found, BigQueryWarehouse)
        found.create_dataset()
    return found


@pytest.fixture(params=["refuses", "silent"])
def dead_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """An address where nobody listens, or where somebody accepts and never answers."""
    if request.param == "refuses":
        yield f"127.0.0.1:{free_port()}"
        return
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def dead_settings(dead_server: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that lead to a dead server, with little patience."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", dead_server)
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", dead_server)
    return Settings(backend="gcp", project="test", bigquery_endpoint=f"http://{dead_server}", store_deadline_ms=200.0)
