"""What a Dockerfile says, carried out without Docker: its build stage in a folder, its command as a process."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from infra.local.layout import ROOT

FILE = ROOT / "infra" / "deploy" / "Dockerfile"

Instruction = tuple[str, str]


class Image(NamedTuple):
    """What would be in a container: its files, its environment, what it starts with."""

    root: Path
    environment: dict[str, str]
    command: list[str]

    def inside(self, path: str) -> Path:
        return self.root / path.lstrip("/")


def stages() -> list[list[Instruction]]:
    """The instructions of each stage, continuation lines joined, comments left out."""
    text = re.sub(r"^#.*\n", "", FILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    words = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    found: list[list[Instruction]] = []
    for name, rest in words:
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append((name, rest))
    return found


def make(context: Path, root: Path, python: Path, function: str) -> Image:
    """Carry out the build stage with this Python, and read of the last stage what a container has.

    The last stage's own RUN is left: it takes pip out of the base image, which here is this machine.
    """
    build, last = stages()
    folder = root
    for name, rest in build:
        if name == "WORKDIR":
            folder = root / rest.lstrip("/")
            folder.mkdir(parents=True)
        elif name == "COPY":
            [source, _] = rest.split()
            _copy(context / source, folder)
        elif name == "RUN":
            command = re.sub(r"(?<![\w/.])/(packages|function)\b", f"{root}/\\1", rest)
            path = {**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}"}
            subprocess.run(["bash", "-ceu", command], cwd=folder, env=path, check=True)
    said = dict(last)
    environment = dict(pair.split("=", 1) for pair in shlex.split(said["ENV"]))
    given = {"${FUNCTION}": function, "${COMMIT}": "c0ffee"}
    environment = {name: given.get(value, value) for name, value in environment.items()}
    environment["PATH"] = environment["PATH"].replace("/packages", f"{root}/packages").replace("$PATH", "/usr/bin:/bin")
    return Image(root, environment, json.loads(said["CMD"]))


def _copy(source: Path, into: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, into, dirs_exist_ok=True)
    else:
        shutil.copy(source, into)
