"""Servers under load: functions-framework processes as they are deployed, ours and the peers'."""

import compileall
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from infra.bench.process_tree import tree
from infra.local.children import await_answer, child, free_port
from infra.local.layout import FUNCTIONS, ROOT
from infra.local.stage import IGNORED, stage
from shared.settings import PREFIX

PEERS = Path("infra", "bench", "peers")


class Program(NamedTuple):
    """Something that functions-framework can serve.

    Attributes:
        folder: the staged folder, where imports are looked for.
        source: the file with the function.
        options: of functions-framework.
    """

    name: str
    folder: Path
    source: Path
    options: tuple[str, ...] = ("--asgi",)

    def command(self, port: int, *python: str) -> list[str]:
        options = ["--source", str(self.source), "--target", self.name, *self.options]
        address = ["--host", "127.0.0.1", "--port", str(port)]
        return [sys.executable, "-P", *python, "-m", "functions_framework", *options, *address]


class Served(NamedTuple):
    """A running program."""

    port: int
    pid: int
    log: Path

    def count(self, outcome: str) -> int:
        """How many requests ended so, by the lines that a function of ours logs."""
        return self.log.read_bytes().count(b'"outcome":"%s"' % outcome.encode())


def our_program(name: str, into: Path) -> Program:
    """A function of ours, staged and compiled as for a deployment."""
    function = next(function for function in FUNCTIONS if function.name == name)
    folder = stage(function, into)
    return Program(name, folder, folder / "main.py")


def peer_program(name: str, into: Path, *options: str) -> Program:
    """A function of peers/, staged and compiled likewise."""
    folder = into / name
    shutil.copytree(ROOT / PEERS, folder / PEERS, ignore=IGNORED)
    shutil.copytree(ROOT / "shared", folder / "shared", ignore=IGNORED)
    for package in (Path("infra"), Path("infra", "bench")):
        shutil.copy(ROOT / package / "__init__.py", folder / package)
    compileall.compile_dir(folder, quiet=1)
    return Program(name, folder, folder / PEERS / f"{name}.py", options or ("--asgi",))


@contextmanager
def serve(program: Program, environment: Mapping[str, str]) -> Iterator[Served]:
    """Run the program until the block ends, then kill it: what it still has to do is of no interest."""
    port, log = free_port(), program.folder.parent / f"{program.name}.log"
    # With a line for each request, as deployed; a command's own setting is for people.
    variables = {f"{PREFIX}LOG": "json", **environment, "PYTHONPATH": str(program.folder)}
    with child(program.command(port), log, variables) as process:
        await_answer(process, port, log)
        try:
            yield Served(port, process.pid, log)
        finally:
            for pid in tree(process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
