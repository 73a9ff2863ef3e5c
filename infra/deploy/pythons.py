"""Which of the supported Pythons this machine has."""

import os
import shutil
import subprocess
from pathlib import Path


def find_python(version: str) -> Path | None:
    """The interpreter of a version such as 3.12: on the path, or in pyenv's folder; None if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    on_path = shutil.which(f"python{version}")
    candidates = [*([Path(on_path)] if on_path else []), *sorted(pyenv.glob(f"{version}.*/bin/python{version}"))]
    return next((found for found in map(_real, candidates) if found), None)


def _real(python: Path) -> Path | None:
    """The interpreter itself behind a shim or a link; None behind a shim that leads nowhere."""
    done = subprocess.run([python, "-c", "import sys; print(sys._base_executable)"], capture_output=True, text=True)
    return Path(done.stdout.strip()) if done.returncode == 0 else None
