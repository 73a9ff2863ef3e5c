"""What the tests with real browsers and real JavaScript clients need, installed where that can be done unasked."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

PACKAGES = {"chromium": "chromium", "chromedriver": "chromium-driver"}
"""Program → Debian's package of it."""

STAMP = ".attune-lock"


LOCK = Path(tempfile.gettempdir(), "attune-tools.lock")
"""Held while something is installed: tests run in several processes, and neither apt-get nor npm can share."""


class ToolMissingError(Exception):
    """A tool cannot be found or installed; the message says how to get it."""


class Chromium(NamedTuple):
    """Chromium and the driver of the same version."""

    browser: Path
    driver: Path


def find_chromium() -> Chromium:
    """Chromium, from Debian's packages if need be. Raises ToolMissingError."""
    with FileLock(LOCK):
        if missing := [package for program, package in PACKAGES.items() if not shutil.which(program)]:
            _apt_install(missing)
    found = [shutil.which(program) for program in PACKAGES]
    if not all(found):
        raise ToolMissingError(
            f"{' and '.join(PACKAGES)} are not on the path, though {' and '.join(missing)} are there"
        )
    return Chromium(*(Path(program) for program in found if program))


def install_node_modules(folder: Path) -> Path:
    """`folder`/node_modules exactly as its lock file says, made anew only when that has changed.

    Raises ToolMissingError.
    """
    with FileLock(LOCK):
        return _node_modules(folder)


def _node_modules(folder: Path) -> Path:
    modules = folder / "node_modules"
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = modules / STAMP
    if stamp.exists() and stamp.read_text() == wanted:
        return modules
    if not (shutil.which("node") and shutil.which("npm")):
        raise ToolMissingError("install Node.js 20 or later with npm; on Debian: apt-get install nodejs npm")
    # No package's own script is run: the clients are plain JavaScript.
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)
    stamp.write_text(wanted)
    return modules


def _apt_install(packages: list[str]) -> None:
    command = f"apt-get install -y {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise ToolMissingError(f"install Chromium and its ChromeDriver; on Debian: {command}")
    if os.geteuid() != 0:
        raise ToolMissingError(f"install Chromium and its ChromeDriver, as root: {command}")
    _run(["apt-get", "update", "-qq"])
    _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages])


def _run(command: list[str], folder: Path | None = None) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise ToolMissingError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.strip()}")
