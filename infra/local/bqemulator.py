"""bqemulator in a virtual environment of its own: it needs another DuckDB than ours."""

from pathlib import Path

from infra.local.venvs import program

REQUIREMENTS = (
    "bqemulator==1.4.0",
    "duckdb==1.5.5",
    "duckdb-extension-spatial==1.5.5",
    "duckdb-extensions==1.5.5",
    "numpy",
)
SPATIAL = "import duckdb_extensions; duckdb_extensions.import_extension('spatial')"


def executable(cache: Path) -> Path:
    """The emulator's command, installed on the first call. Raises InstallError."""
    return program("bqemulator", cache, REQUIREMENTS, SPATIAL)
