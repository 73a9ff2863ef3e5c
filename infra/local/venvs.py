"""Tools in virtual environments of their own: what they pin does not go together with what we use."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from infra.local.children import tail

CACHE = Path(__file__).resolve().parents[2] / ".cache"


class InstallError(Exception):
    """A tool cannot be installed."""


def program(name: str, cache: Path, requirements: Sequence[str], *afterwards: str) -> Path:
    """The command `name` of what these requirements install, installed on the first call.

    Args:
        cache: a folder of the tool's own.
        afterwards: Python statements to run once, in the new environment.

    Raises InstallError.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / "lock"):
        done, wanted = cache / "installed", "\n".join(requirements)
        if not done.exists() or done.read_text() != wanted:
            _install(cache, requirements, afterwards)
            done.write_text(wanted)
    return cache / "venv" / "bin" / name


def _install(cache: Path, requirements: Sequence[str], afterwards: Sequence[str]) -> None:
    venv, log = cache / "venv", cache / "install.log"
    python, uv = venv / "bin" / "python", [sys.executable, "-m", "uv", "--quiet"]
    with log.open("wb") as output:
        for command in (
            [*uv, "venv", "--clear", "--python", sys.executable, str(venv)],
            [*uv, "pip", "install", "--python", str(python), *requirements],
            *([str(python), "-c", statement] for statement in afterwards),
        ):
            if subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode:
                raise InstallError(f"expected {', '.join(requirements)} to install, found:\n{tail(log)}")
