"""The tables of the log have the fields of their records: their names, their order, their types."""

from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
import sqlglot
from sqlglot import exp

from infra.local.layout import ROOT
from shared.decision import Decision
from shared.events.event import Event
from shared.sql import JSON_COLUMNS

SCALARS = {str: "STRING", int: "INT64", float: "FLOAT64", bool: "BOOL", datetime: "TIMESTAMP"}


def columns(table: str) -> dict[str, str]:
    """Name → type of the table's columns, as infra/sql/tables.sql declares them."""
    for create in sqlglot.parse((ROOT / "infra/sql/tables.sql").read_text(), read="bigquery"):
        if isinstance(create, exp.Create) and create.this.this.name == table:
            return {column.name: column.kind.sql("bigquery") for column in create.this.expressions}
    raise LookupError(table)


def google_type(hint: Any) -> str:
    """The column type that holds values of this type hint."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return google_type(arguments[0])
    if origin in (Union, UnionType):
        [one] = [argument for argument in arguments if argument is not NoneType]
        return google_type(one)
    if origin is Literal:
        return "STRING"
    if origin is tuple:
        return f"ARRAY<{google_type(arguments[0])}>"
    if origin is dict:
        return "JSON"
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return f"STRUCT<{', '.join(f'{name} {kind}' for name, kind in fields(hint).items())}>"
    return SCALARS[hint]


def fields(record: type) -> dict[str, str]:
    """Name → the column type of each field."""
    return {name: google_type(hint) for name, hint in get_type_hints(record, include_extras=True).items()}


@pytest.mark.parametrize(("table", "record"), [("events", Event), ("decisions", Decision)])
def test_a_table_has_the_fields_of_its_record(table: str, record: type) -> None:
    assert list(columns(table).items()) == list(fields(record).items())


def test_columns_of_json_are_known() -> None:
    found = {name for table in ("events", "decisions") for name, kind in columns(table).items() if kind == "JSON"}
    assert found == set(JSON_COLUMNS)
