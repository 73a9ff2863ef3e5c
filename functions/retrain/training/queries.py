"""The queries of infra/sql. A file there is one SELECT; it may read other files by name, as it would read views.

Views would do in DuckDB; but BigQuery can not read a view that was made with unqualified table names
(googleapis/python-bigquery#841), and a view takes no parameters. So the files are put together here, as common table
expressions.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shared.profiles.identity import MOST_USERS
from shared.profiles.profile import MS
from shared.settings import Settings
from shared.stores.ports import Warehouse

if TYPE_CHECKING:
    import pyarrow

SOURCE = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)")
PARAMETER = re.compile(r"@(\w+)")


def read_sql(name: str) -> str:
    """The text of infra/sql/{name}.sql without the remarks at its head."""
    lines = (sql_folder() / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    while lines and (lines[0].startswith("--") or not lines[0]):
        del lines[0]
    return "\n".join(lines)


def compose(name: str) -> str:
    """The query of this name, with all that it reads from other files put before it."""
    parts: dict[str, str] = {}
    _gather(name, parts)
    query = parts.pop(name)
    if not parts:
        return query
    common = ",\n\n".join(f"{part} AS (\n{text}\n)" for part, text in parts.items())
    return f"WITH {common},\n\n{query[5:]}" if query.startswith("WITH ") else f"WITH {common}\n\n{query}"


def select(warehouse: Warehouse, name: str, values: Mapping[str, object]) -> "pyarrow.Table":
    """The rows of the query of this name; of `values` it gets the parameters that it names."""
    text = compose(name)
    return warehouse.query(text, {parameter: values[parameter] for parameter in set(PARAMETER.findall(text))})


def terms(cutoff: datetime, settings: Settings) -> dict[str, object]:
    """The parameters that queries share: nothing after the cutoff is looked at, on the terms of the fold."""
    return {
        "cutoff": cutoff,
        "require_consent": settings.require_consent,
        "most_users": MOST_USERS,
        "half_life_ms": settings.half_life // MS,
        "gap_ms": settings.session_gap // MS,
        "cap_ms": settings.session_cap // MS,
    }


def _gather(name: str, parts: dict[str, str]) -> None:
    text = read_sql(name)
    for source in SOURCE.findall(text):
        if source not in parts and (sql_folder() / f"{source}.sql").exists():
            _gather(source, parts)
    parts[name] = text


def sql_folder() -> Path:
    """The nearest infra/sql above this file: the repository's, or that of the staged function."""
    for parent in Path(__file__).resolve().parents:
        if (folder := parent / "infra" / "sql").is_dir():
            return folder
    raise FileNotFoundError(f"infra/sql: expected in a folder above {__file__}")
