"""The functions as functions-framework serves them, on the embedded stores of a fresh folder."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from infra.local.embedded import load
from infra.local.layout import FUNCTIONS
from shared import wiring
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.queue import EmbeddedTopics

Serve = Callable[[str], httpx.AsyncClient]


@pytest.fixture
async def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Serve]:
    """A client of one function by name."""
    monkeypatch.setenv("ATTUNE_BACKEND", "embedded")
    monkeypatch.setenv("ATTUNE_DATA", str(tmp_path))
    monkeypatch.setenv("ATTUNE_CHALLENGERS", "")  # tuned in test_retrain_candidates; they take seconds a training
    wiring.settings.cache_clear()
    sources = {function.name: function for function in FUNCTIONS}

    def client(name: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(load(sources[name]))
        return httpx.AsyncClient(transport=transport, base_url="http://attune.test")

    yield client
    await wiring.close_all()
    wiring.settings.cache_clear()


@pytest.fixture
def documents(serve: Serve) -> EmbeddedDocuments:
    """The documents that the functions use."""
    store = wiring.documents(wiring.settings())
    assert isinstance(store, EmbeddedDocuments)
    return store


@pytest.fixture
def queue(serve: Serve) -> EmbeddedTopics:
    """The topics that the functions publish to."""
    return wiring.queue(wiring.settings())
