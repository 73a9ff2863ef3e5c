"""`csv:PATH`: any CSV whose header uses the Event's own names."""

import json
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Literal, NamedTuple

from infra.local.inputs.files import Row
from infra.local.inputs.input import Fields, Input
from infra.local.inputs.tables import Convert, number, open_table, require_columns, row_id
from infra.local.inputs.times import normalise_time
from shared.events.event import Context, Event

SEPARATOR = "|"

REQUIRED = (("kind",), ("occurred_at",), ("user_id", "anonymous_id"))
EXPECTED = "canonical names: kind, occurred_at, user_id or anonymous_id, and what else there is (rename the columns)"


class Column(NamedTuple):
    """Where a cell goes and what its text means."""

    part: Literal["event", "items", "context", "properties"]
    name: str
    meaning: Callable[[str], object]


def open_csv(path: str) -> Input:
    """The events of one file.

    Lists (`item_ids` or `item_id`, `consent`) are separated by `|`. The context's names stand flat. Columns that no
    field has become properties, numbers where they are written as numbers. Empty cells are absent. A row without
    `event_id` gets one that only an identical row has. Times are RFC 3339, `YYYY-MM-DD HH:MM:SS[ UTC]` or seconds
    since 1970; a time without an offset is UTC.

    Raises:
        PermanentError: the file is missing, or its header lacks a column that every event needs.
    """
    return open_table(f"CSV {Path(path).name}", None, Path(path), _choose)


def _choose(header: Row) -> Convert:
    require_columns(header, REQUIRED, EXPECTED)
    columns = [_column(name.removeprefix("context.").removeprefix("properties.")) for name in header]

    def convert(row: Row) -> Fields:
        parts: dict[str, dict[str, object]] = {"event": {"event_id": row_id(row)}, "context": {}, "properties": {}}
        items: list[str] = []
        for column, cell in zip(columns, row, strict=True):
            if cell and column.part == "items":
                items += cell.split(SEPARATOR)
            elif cell:
                parts[column.part][column.name] = column.meaning(cell)
        return _assemble(parts["event"], items, parts["context"], parts["properties"])

    return convert


def _column(name: str) -> Column:
    if name in ("item_id", "item_ids"):
        return Column("items", name, str)
    if name in Event.__struct_fields__:
        return Column("event", name, MEANINGS.get(name, str))
    if name in Context.__struct_fields__:
        return Column("context", name, MEANINGS.get(name, str))
    return Column("properties", name, number)


def _assemble(
    event: dict[str, object], items: list[str], context: dict[str, object], rest: dict[str, object]
) -> Fields:
    if items:
        event["item_ids"] = items
    if context:
        event["context"] = context
    properties = event.get("properties", {})
    if rest and isinstance(properties, dict):
        event["properties"] = properties | rest
    return event


# What cannot be read is passed on as text: collect refuses it and names the field.


def _amount(cell: str) -> object:
    try:
        amount = float(cell)
    except ValueError:
        return cell
    return amount if isfinite(amount) else cell


def _object(cell: str) -> object:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def _list(cell: str) -> object:
    return cell.split(SEPARATOR)


MEANINGS: dict[str, Callable[[str], object]] = {
    "occurred_at": normalise_time,
    "received_at": normalise_time,
    "value": _amount,
    "quantity": _amount,
    "dwell_s": _amount,
    "duration_s": _amount,
    "scroll_depth": _amount,
    "session_duration_s": _amount,
    "consent": _list,
    "properties": _object,
}
