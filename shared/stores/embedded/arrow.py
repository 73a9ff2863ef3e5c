"""Between DuckDB's types, Arrow's, and BigQuery's."""

import pyarrow
from duckdb.sqltypes import DuckDBPyType

from shared.stores.rows import Column

GOOGLESQL = {
    "VARCHAR": "STRING",
    "JSON": "JSON",
    "BIGINT": "INT64",
    "DOUBLE": "FLOAT64",
    "BOOLEAN": "BOOL",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "DATE": "DATE",
}
STORED = {"INT64": pyarrow.int64(), "FLOAT64": pyarrow.float64(), "BOOL": pyarrow.bool_()}


def column(name: str, type: DuckDBPyType, required: bool = False) -> Column:
    """The column in GoogleSQL's words."""
    inner = [column(child, of) for child, of in _children(type)]
    if type.id == "list":
        return inner[0]._replace(name=name, repeated=True)
    if inner:
        return Column(name, "STRUCT", required=required, fields=tuple(inner))
    return Column(name, GOOGLESQL.get(str(type), str(type)), required=required)


def _children(type: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    pairs = type.children if type.id in ("list", "struct") else []
    return [(name, child) for name, child in pairs if isinstance(child, DuckDBPyType)]


def stored_type(column: Column) -> pyarrow.DataType:
    """How a row's JSON value travels to DuckDB, which reads times, dates and JSON from text."""
    if column.fields:
        one = pyarrow.struct([(field.name, stored_type(field)) for field in column.fields])
    else:
        one = STORED.get(column.type, pyarrow.string())
    return pyarrow.list_(one) if column.repeated else one


def result_type(found: pyarrow.DataType) -> pyarrow.DataType:
    """The type that BigQuery answers with where DuckDB has a finer one."""
    types = pyarrow.types
    if types.is_struct(found):
        return pyarrow.struct([field.with_type(result_type(field.type)) for field in found])
    if types.is_list(found):
        return pyarrow.list_(result_type(found.value_type))
    if types.is_integer(found) or (types.is_decimal(found) and found.scale == 0):
        return pyarrow.int64()
    if types.is_float32(found) or (types.is_decimal(found) and found.scale != 9):
        return pyarrow.float64()
    return pyarrow.timestamp("us", "UTC") if types.is_timestamp(found) and found.tz else found
