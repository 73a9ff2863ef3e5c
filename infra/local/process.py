"""A stack as a child process, as a person would start it with make serve."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.layout import ROOT
from shared.errors import PermanentError, Problem

READY = "Attune is ready at "
STOP_S = 30


class Stack:
    """A running stack: where it serves, and its process."""

    def __init__(self, process: "subprocess.Popen[str]", url: str):
        self.process = process
        self.url = url

    def stop(self) -> int:
        """SIGTERM, and wait; what does not stop is killed. Returns the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def start(stack: str, data: Path, port: int = 0, settings: dict[str, str] | None = None) -> Stack:
    """Start a stack and wait until it says that it is ready. Raises PermanentError if it ends before that."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "infra.cli",
        "serve",
        "--stack",
        stack,
        "--data",
        str(data),
        "--port",
        str(port),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(settings or {})}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        if line.startswith(READY):
            return Stack(process, line.removeprefix(READY).split()[0])
    raise PermanentError("the stack did not start", (Problem("stack", READY.strip(), f"exit code {process.wait()}"),))


@contextmanager
def running(stack: str, data: Path, port: int = 0, settings: dict[str, str] | None = None) -> Iterator[Stack]:
    """A stack for the length of a block."""
    started = start(stack, data, port, settings)
    try:
        yield started
    finally:
        started.stop()
