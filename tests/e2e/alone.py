"""Functions in processes of their own, as their images start them."""

import asyncio
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from infra.local.children import await_answer, child, free_port
from infra.local.layout import FUNCTIONS, ROOT
from shared.settings import PREFIX

LONGEST_S = 25
"""So long after SIGTERM a test waits: Cloud Run gives ten seconds, a busy machine needs more, and after thirty the
server itself would end what is under way."""


class Running(NamedTuple):
    """A function's process."""

    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    async def ends(self) -> int:
        """Its exit code."""
        return await asyncio.to_thread(self.process.wait, LONGEST_S)


@contextmanager
def running(
    names: Sequence[str], folder: Path, settings: dict[str, str], build: Path | None = None
) -> Iterator[dict[str, Running]]:
    """The functions, as they are or as they were staged under `build`, once all of them answer; their output is in the
    folder."""
    with ExitStack() as stack:
        ports = {name: free_port() for name in names}
        started = {name: stack.enter_context(_start(name, ports[name], folder, settings, build)) for name in names}
        for name, process in started.items():
            await_answer(process, ports[name], folder / f"{name}.log")
        yield {
            name: Running(process, f"http://127.0.0.1:{ports[name]}", folder / f"{name}.log")
            for name, process in started.items()
        }


def _start(
    name: str, port: int, folder: Path, settings: dict[str, str], build: Path | None
) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    root = ROOT if build is None else build / name
    source = (
        next(function.source for function in FUNCTIONS if function.name == name) if build is None else root / "main.py"
    )
    command = [sys.executable, "-P", "-m", "functions_framework", "--source", str(source), "--target", name, "--asgi"]
    environment = {"PYTHONPATH": str(root), **settings}
    return child([*command, "--host", "127.0.0.1", "--port", str(port)], folder / f"{name}.log", environment)


def on_embedded(folder: Path) -> dict[str, str]:
    """The settings for the embedded stores of a folder."""
    return {f"{PREFIX}BACKEND": "embedded", f"{PREFIX}DATA": str(folder)}


def on_gcp(project: str, documents: str, topics: str) -> dict[str, str]:
    """The settings for a project on Firestore's and Pub/Sub's emulators at these addresses."""
    return {
        f"{PREFIX}BACKEND": "gcp",
        f"{PREFIX}PROJECT": project,
        "FIRESTORE_EMULATOR_HOST": documents,
        "PUBSUB_EMULATOR_HOST": topics,
    }


def push(event: dict[str, Any]) -> dict[str, Any]:
    """The body with which Pub/Sub delivers it."""
    return {"message": {"data": b64encode(msgspec.json.encode(event)).decode(), "messageId": "1"}}
