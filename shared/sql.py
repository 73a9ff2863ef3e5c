"""The queries of infra/sql."""

from pathlib import Path

JSON_COLUMNS = ("properties", "propensities", "features", "model_versions")
"""Columns of infra/sql/tables.sql that hold JSON: objects in what comes by a topic, text in rows."""


def read_sql(name: str) -> str:
    """The text of infra/sql/{name}.sql, the repository's or that of the staged function, without its remarks: the
    BigQuery emulator takes an @name in one for a parameter."""
    for parent in Path(__file__).resolve().parents:
        if (file := parent / "infra" / "sql" / f"{name}.sql").is_file():
            lines = file.read_text(encoding="utf-8").splitlines()
            return "\n".join(line for line in lines if not line.startswith("--")).strip()
    raise FileNotFoundError(f"infra/sql/{name}.sql: expected in a folder above {__file__}")
