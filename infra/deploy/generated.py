"""Files that Terraform reads and that say what other files say: `python -m infra.deploy.generated` writes them anew.

A test compares, so that neither the Event, nor a table, nor a setting can change without them.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlglot
from sqlglot import exp

from infra.local.layout import ROOT
from shared.events.event import Event
from shared.settings import Settings
from shared.sql import read_sql

FOLDER = ROOT / "infra" / "terraform" / "generated"

AVRO: Mapping[type, str] = {
    msgspec.inspect.StrType: "string",
    msgspec.inspect.LiteralType: "string",
    msgspec.inspect.EnumType: "string",
    msgspec.inspect.DateTimeType: "string",  # as JSON has it
}

BIGQUERY: Mapping[Any, str] = {
    exp.DataType.Type.TEXT: "STRING",
    exp.DataType.Type.TIMESTAMPTZ: "TIMESTAMP",
    exp.DataType.Type.TIMESTAMP: "TIMESTAMP",
    exp.DataType.Type.DOUBLE: "FLOAT",
    exp.DataType.Type.BIGINT: "INTEGER",
    exp.DataType.Type.BOOLEAN: "BOOLEAN",
    exp.DataType.Type.JSON: "JSON",
}
"""As BigQuery's API calls them. https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema"""

Column = dict[str, Any]


def files() -> dict[str, Any]:
    """Name in the folder → what it holds, to be written as JSON."""
    return {"event.avsc": avro(), "settings.json": list(Settings.__struct_fields__), "tables.json": tables()}


def avro() -> dict[str, Any]:
    """The Event's required fields as an Avro record.

    An optional one cannot be told so that events may leave it out: Avro's JSON encoding has all fields of a record, and
    marks the type of each that may be null (https://avro.apache.org/docs/1.12.0/specification/#json-encoding). A field
    that the record does not name is let through.
    """
    event = msgspec.inspect.type_info(Event)
    assert isinstance(event, msgspec.inspect.StructType)  # noqa: S101 - it is one
    return {
        "type": "record",
        "name": "Event",
        "doc": "what every message of the topic events has; the rest is in shared/events/event.py",
        "fields": [_avro_field(field) for field in event.fields if field.required],
    }


def _avro_field(field: msgspec.inspect.Field) -> dict[str, str]:
    described = field.type
    doc = ""
    while isinstance(described, msgspec.inspect.Metadata):
        doc = doc or str((described.extra_json_schema or {}).get("description", ""))
        described = described.type
    return {"name": field.encode_name, "type": AVRO[type(described)], "doc": doc}


def tables() -> dict[str, Any]:
    """Table of infra/sql/tables.sql → columns, what it is partitioned by (by day) and clustered by."""
    statements = sqlglot.parse(read_sql("tables"), dialect="bigquery")
    return {one.this.this.name: _table(one) for one in statements if isinstance(one, exp.Create)}


def _table(create: exp.Create) -> dict[str, Any]:
    partition, cluster = create.find(exp.PartitionedByProperty), create.find(exp.ClusterProperty)
    day = partition.find(exp.Column) if partition else None
    return {
        "schema": [_column(column) for column in create.this.expressions],
        "partitioned_by": day.name if day else None,
        "clustering": [one.name for one in cluster.expressions] if cluster else [],
    }


def _column(column: exp.ColumnDef) -> Column:
    kind, mode = column.kind, "NULLABLE"
    assert isinstance(kind, exp.DataType)  # noqa: S101 - every column has a type
    if column.find(exp.NotNullColumnConstraint):
        mode = "REQUIRED"
    if kind.this is exp.DataType.Type.ARRAY:
        mode, [kind] = "REPEATED", kind.expressions
    if kind.this is exp.DataType.Type.STRUCT:
        return {
            "name": column.name,
            "type": "RECORD",
            "mode": mode,
            "fields": [_column(one) for one in kind.expressions],
        }
    return {"name": column.name, "type": BIGQUERY[kind.this], "mode": mode}


def text(content: Any) -> str:
    """As it is written."""
    return msgspec.json.format(msgspec.json.encode(content)).decode() + "\n"


def write() -> None:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for name, content in files().items():
        (FOLDER / name).write_text(text(content))


if __name__ == "__main__":
    write()
