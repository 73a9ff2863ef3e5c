"""A new instance that finds no store shows what came with its image."""

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from infra.deploy.fallback import fetch
from infra.local.children import await_answer, child, free_port
from infra.local.layout import FUNCTIONS
from infra.local.stage import stage
from shared.errors import PermanentError
from shared.models.fallback import FILE
from shared.settings import PREFIX
from shared.stores.embedded.documents import EmbeddedDocuments
from tests.functions.test_recommend import publish

RECOMMEND = next(function for function in FUNCTIONS if function.name == "recommend")


@contextmanager
def running(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The staged function; its address."""
    port, log = free_port(), folder.parent / "log"
    options = ["--source", str(folder / "main.py"), "--target", "recommend", "--asgi"]
    command = [sys.executable, "-P", "-m", "functions_framework", *options, "--host", "127.0.0.1", "--port", str(port)]
    with child(command, log, {"PYTHONPATH": str(folder), **environment}) as process:
        await_answer(process, port, log)
        yield f"http://127.0.0.1:{port}"


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


@pytest.mark.parametrize("is_open", [False, True], ids=["down", "frozen"])
def test_a_new_instance_without_a_store_shows_what_came_with_it(tmp_path: Path, is_open: bool) -> None:
    asyncio.run(train(tmp_path / "documents.sqlite"))
    folder = stage(RECOMMEND, tmp_path / "build")
    with running(folder, {f"{PREFIX}BACKEND": "embedded", f"{PREFIX}DATA": str(tmp_path)}) as url:
        known = fetch(url)
        usual = httpx.get(f"{url}/v1/recommendations", params={"user_id": "bob", "n": 3}).json()
    (folder / FILE).write_bytes(known)
    with ExitStack() as stack:
        nobody = {name: stack.enter_context(unanswered(is_open)) for name in ("FIRESTORE", "PUBSUB")}
        hosts = {f"{name}_EMULATOR_HOST": address for name, address in nobody.items()}
        url = stack.enter_context(running(folder, {f"{PREFIX}BACKEND": "gcp", f"{PREFIX}PROJECT": "none", **hosts}))
        answer = httpx.get(f"{url}/v1/recommendations", params={"user_id": "bob", "n": 3}, timeout=30)
    assert answer.status_code == httpx.codes.OK
    found = answer.json()
    assert found["degraded"]
    assert not usual["degraded"]
    assert [item["item_id"] for item in found["items"]] == [item["item_id"] for item in usual["items"]]
    assert [item["name"] for item in found["items"]] == [item["name"] for item in usual["items"]]


def test_nothing_is_no_fallback(tmp_path: Path) -> None:
    folder = stage(RECOMMEND, tmp_path / "build")
    environment = {f"{PREFIX}BACKEND": "embedded", f"{PREFIX}DATA": str(tmp_path)}
    with running(folder, environment) as url, pytest.raises(PermanentError, match="nothing to fall back to"):
        fetch(url)
