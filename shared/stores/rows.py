"""Rows checked against a table's columns before they are sent, alike on every backend."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import NoneType
from typing import Annotated, Any, NamedTuple

import msgspec

Row = Mapping[str, object]

SCALARS: dict[str, Any] = {
    "STRING": str,
    "JSON": str,
    "INT64": Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)],
    "FLOAT64": float,
    "BOOL": bool,
    "TIMESTAMP": Annotated[datetime, msgspec.Meta(tz=True)],
    "DATE": date,
}


class Column(NamedTuple):
    """A column in GoogleSQL's words; `fields` are those of a STRUCT."""

    name: str
    type: str
    repeated: bool = False
    required: bool = False
    fields: tuple["Column", ...] = ()


class RowType:
    """What `append` accepts for one table."""

    def __init__(self, table: str, columns: Sequence[Column]) -> None:
        self._table = table
        self._rows = list[_record(columns)]  # type: ignore[misc]
        self._json = [column.name for column in columns if column.type == "JSON" and not column.repeated]

    def check(self, rows: Sequence[Row]) -> None:
        """Raises ValueError that says where, what was expected there, and what was found."""
        try:
            msgspec.convert(rows, self._rows)
        except msgspec.ValidationError as error:
            raise ValueError(f"{self._table}: {error}") from None
        for name in self._json:
            for number, row in enumerate(rows):
                self._check_json(f"$[{number}].{name}", str(row.get(name) or "null"))

    def _check_json(self, place: str, text: str) -> None:
        try:
            msgspec.json.decode(text)
        except msgspec.DecodeError:
            raise ValueError(f"{self._table}: Expected JSON, got {text[:80]!r} - at `{place}`") from None


def _record(columns: Sequence[Column]) -> Any:
    # The attributes are numbered, for a column may be called by a word that Python keeps for itself.
    names = {f"f{number}": column.name for number, column in enumerate(columns)}
    fields = [
        (name, _type(column)) if column.required else (name, _optional(column), None)
        for name, column in zip(names, columns, strict=True)
    ]
    return msgspec.defstruct("Row", fields, rename=names, forbid_unknown_fields=True, kw_only=True)


def _optional(column: Column) -> Any:
    return _type(column) | None


def _type(column: Column) -> Any:
    # A column of another type is for SQL to fill: rows leave it out.
    one: Any = _record(column.fields) if column.fields else SCALARS.get(column.type, NoneType)
    return list.__class_getitem__(one) if column.repeated else one
