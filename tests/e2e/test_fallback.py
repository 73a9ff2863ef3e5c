"""A new instance that finds no store shows what came with its image."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from infra.deploy.fallback import fetch
from infra.local.layout import FUNCTIONS
from infra.local.stage import stage
from shared.errors import PermanentError
from shared.models.fallback import FILE
from shared.stores.embedded.documents import EmbeddedDocuments
from tests.e2e.alone import on_embedded, on_gcp, running
from tests.functions.test_recommend import publish

RECOMMEND = next(function for function in FUNCTIONS if function.name == "recommend")


@contextmanager
def unanswered(is_open: bool) -> Iterator[str]:
    """An address where nobody listens, or where somebody does and never says a word."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        if is_open:
            listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


async def train(file: Path) -> None:
    """Put models and items there."""
    documents = EmbeddedDocuments(file, timedelta(seconds=5))
    await publish(documents)
    await documents.close()


def ask(url: str) -> httpx.Response:
    return httpx.get(f"{url}/v1/recommendations", params={"user_id": "bob", "n": 3}, timeout=30)


@pytest.mark.parametrize("is_open", [False, True], ids=["down", "frozen"])
def test_a_new_instance_without_a_store_shows_what_came_with_it(tmp_path: Path, is_open: bool) -> None:
    asyncio.run(train(tmp_path / "documents.sqlite"))
    folder = stage(RECOMMEND, tmp_path / "build")
    with running(["recommend"], tmp_path, on_embedded(tmp_path), folder.parent) as functions:
        known = fetch(functions["recommend"].url)
        usual = ask(functions["recommend"].url).json()
    (folder / FILE).write_bytes(known)
    with ExitStack() as stack:
        nobody = [stack.enter_context(unanswered(is_open)) for _ in range(2)]
        settings = on_gcp("none", *nobody)
        answer = ask(stack.enter_context(running(["recommend"], tmp_path, settings, folder.parent))["recommend"].url)
    assert answer.status_code == httpx.codes.OK
    found = answer.json()
    assert found["degraded"]
    assert not usual["degraded"]
    assert [item["item_id"] for item in found["items"]] == [item["item_id"] for item in usual["items"]]
    assert [item["name"] for item in found["items"]] == [item["name"] for item in usual["items"]]


def test_nothing_is_no_fallback(tmp_path: Path) -> None:
    functions = running(["recommend"], tmp_path, on_embedded(tmp_path))
    with functions as started, pytest.raises(PermanentError, match="nothing to fall back to"):
        fetch(started["recommend"].url)
