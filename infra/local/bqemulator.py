"""bqemulator in a virtual environment of its own: it needs another DuckDB than ours."""

import fcntl
import subprocess
import sys
from pathlib import Path

from infra.local.children import tail

REQUIREMENTS = (
    "bqemulator==1.4.0",
    "duckdb==1.5.5",
    "duckdb-extension-spatial==1.5.5",
    "duckdb-extensions==1.5.5",
    "numpy",
)
SPATIAL = "import duckdb_extensions; duckdb_extensions.import_extension('spatial')"


class InstallError(Exception):
    """bqemulator cannot be installed."""


def executable(cache: Path) -> Path:
    """The emulator's command, installed on the first call. Raises InstallError."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done, wanted = cache / "installed", "\n".join(REQUIREMENTS)
        if not done.exists() or done.read_text() != wanted:
            _install(cache, cache / "install.log")
            done.write_text(wanted)
    return cache / "venv" / "bin" / "bqemulator"


def _install(cache: Path, log: Path) -> None:
    python = cache / "venv" / "bin" / "python"
    with log.open("wb") as output:
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(cache / "venv")],
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS],
            [str(python), "-c", SPATIAL],
        ):
            if subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode:
                raise InstallError(f"expected {', '.join(REQUIREMENTS)} to install, found:\n{tail(log)}")
