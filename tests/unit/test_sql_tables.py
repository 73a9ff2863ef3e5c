"""The table `events` has the Event's fields: their names, their order, their types."""

from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import sqlglot
from sqlglot import exp

from infra.local.layout import ROOT
from shared.events.event import Context, Event

SCALARS = {str: "STRING", float: "FLOAT64", datetime: "TIMESTAMP"}


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
    if hint is Context:
        fields = get_type_hints(Context, include_extras=True)
        return f"STRUCT<{', '.join(f'{name} {google_type(inner)}' for name, inner in fields.items())}>"
    return SCALARS[hint]


def test_events_has_the_fields_of_the_event() -> None:
    expected = {name: google_type(hint) for name, hint in get_type_hints(Event, include_extras=True).items()}
    assert list(columns("events").items()) == list(expected.items())


def test_decisions_are_kept_with_what_was_shown() -> None:
    shown = columns("decisions")
    assert {"decision_id", "decided_at", "user_id", "anonymous_id", "persona", "n", "model_versions"} <= shown.keys()
    assert shown["items"] == "ARRAY<STRUCT<item_id STRING, score FLOAT64, source STRING, reason STRING>>"
