"""What each image installs, to the byte: functions/<name>/requirements.lock, made of requirements.txt by uv."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.version import Version

from infra.local.layout import FUNCTIONS, ROOT, Function
from shared.errors import PermanentError, Problem

LOCK = "requirements.lock"
PYTHONS = ("3.11", "3.12", "3.13")
"""Each lock holds for these, by markers where they differ."""

PIN = re.compile(r"^(?P<pin>[\w.-]+==[^\\\n]+?) *\\\n(?P<rest>(?:    .*\n)+)", re.MULTILINE)


class Pin(NamedTuple):
    """One package of a lock.

    Attributes:
        marker: where it is installed, as Requirement has it; empty everywhere.
        hashes: sha256 of every file that may be installed.
        wanted_by: who asks for it: packages, or the requirements.txt.
    """

    name: str
    version: Version
    marker: str
    hashes: tuple[str, ...]
    wanted_by: tuple[str, ...]

    def applies(self, environment: Mapping[str, str], pythons: Sequence[str] = PYTHONS) -> bool:
        """Whether any of these Pythons installs it in that environment, as packaging.markers names its parts."""
        if not self.marker:
            return True
        marker = Marker(self.marker)
        return any(
            marker.evaluate({**environment, "python_version": python, "python_full_version": f"{python}.0"})
            for python in pythons
        )


def lock_file(function: Function) -> Path:
    return function.source.parent / LOCK


def requirements_file(function: Function) -> Path:
    return function.source.parent / "requirements.txt"


def requirements(file: Path) -> list[Requirement]:
    """What a requirements.txt of a function asks for."""
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def read_lock(text: str) -> list[Pin]:
    """Every pin of a lock."""
    return [_read_pin(Requirement(found["pin"]), found["rest"]) for found in PIN.finditer(text)]


def _read_pin(requirement: Requirement, rest: str) -> Pin:
    [specifier] = requirement.specifier
    return Pin(
        requirement.name,
        Version(specifier.version),
        str(requirement.marker or ""),
        tuple(re.findall(r"--hash=sha256:(\w+)", rest)),
        tuple(re.findall(r"^    # +(?!via$)(?:via +)?(?:-r +)?(\S+)$", rest, re.MULTILINE)),
    )


def shipped() -> dict[str, list[Pin]]:
    """The pins of every function's image, by function."""
    return {function.name: read_lock(lock_file(function).read_text()) for function in FUNCTIONS}


def renew(upgrade: bool) -> int:
    """Write every lock anew; versions stay where they can, unless `upgrade`. One version of a package for all images.

    Raises PermanentError where uv finds no versions that go together, or no index.
    """
    with tempfile.TemporaryDirectory() as folder:
        together = Path(folder, "together.txt")
        locks = [lock_file(function) for function in FUNCTIONS if lock_file(function).exists()]
        if not upgrade:
            lines = {
                line for lock in locks for line in re.findall(r"^[\w.-]+==[^\\\n]+", lock.read_text(), re.MULTILINE)
            }
            together.write_text("\n".join(sorted(lines)) + "\n")
        _compile([requirements_file(function) for function in FUNCTIONS], together)
        for function in FUNCTIONS:
            shutil.copy(together, lock_file(function))  # what uv finds there, it keeps to
            _compile([requirements_file(function)], lock_file(function), "--generate-hashes")
            pins = read_lock(lock_file(function).read_text())
            print(f"{lock_file(function).relative_to(ROOT)}: {len(pins)} packages")
    return 0


def _compile(sources: list[Path], into: Path, *options: str) -> None:
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"),
        f"--python-version={PYTHONS[0]}",
        "--fork-strategy=fewest",
        "--custom-compile-command=python3 infra/dev.py lock",
        *options,
        *(str(source.relative_to(ROOT)) for source in sources),
        f"--output-file={into}",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise PermanentError("the requirements were not locked", (Problem("uv", "exit code 0", done.stderr.strip()),))
