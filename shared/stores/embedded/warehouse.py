"""Tables and SQL in one DuckDB file, which one process at a time can hold."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import duckdb
import pyarrow
from duckdb.sqltypes import BIGINT

from shared.errors import RetryableError
from shared.stores.embedded.arrow import column, result_type, stored_type
from shared.stores.embedded.googlesql import translate
from shared.stores.rows import Column, Row, RowType

MEMORY = ("1GB", "4GB")
"""What queries may take, at first and once that has not been enough; in the end as much as DuckDB takes by itself. What
does not fit is put on disk where that can be done: a million events are trained on in 1.4 GB instead of 2.2."""

COLUMNS = "SELECT column_name, is_nullable FROM information_schema.columns WHERE table_name = $table"


class EmbeddedWarehouse:
    """Implements Warehouse. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._retryable():
            self._connection = duckdb.connect(path)
            self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
            self._connection.execute(f"SET GLOBAL memory_limit = '{MEMORY[0]}'")
        self._more = list(MEMORY[1:])
        self._is_unlimited = False

    def run(self, script: str) -> None:
        with self._cursor() as cursor:
            for statement in translate(script):
                cursor.execute(statement.sql)

    def append(self, table: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        with self._cursor() as cursor:
            columns = _columns(cursor, table)
            _row_type(table, columns).check(rows)
            schema = pyarrow.schema([(column.name, stored_type(column)) for column in columns])
            cursor.register("appended", pyarrow.Table.from_pylist(rows, schema))
            cursor.execute(f'INSERT INTO "{table}" SELECT {", ".join(map(_value, columns))} FROM appended')

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pyarrow.Table:
        given = parameters or {}
        [statement] = translate(sql)
        if missing := statement.parameters - given.keys():
            raise ValueError(
                f"parameters: expected also {', '.join(sorted(missing))}, found {', '.join(given) or 'none'}"
            )
        with self._cursor() as cursor:
            used = {name: _parameter(given[name]) for name in statement.parameters}
            found = self._fetch(cursor, statement.sql, used)
        return found.cast(pyarrow.schema([field.with_type(result_type(field.type)) for field in found.schema]))

    def _fetch(self, cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object]) -> pyarrow.Table:
        while True:
            try:
                return cursor.sql(sql, params=parameters).to_arrow_table()
            except duckdb.OutOfMemoryException:
                if self._is_unlimited:
                    raise
                limit = (
                    f"SET GLOBAL memory_limit = '{self._more.pop(0)}'" if self._more else "RESET GLOBAL memory_limit"
                )
                self._is_unlimited = limit.startswith("RESET")
                cursor.execute(limit)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._retryable(), self._connection.cursor() as cursor:
            yield cursor

    @contextmanager
    def _retryable(self) -> Iterator[None]:
        try:
            yield
        except duckdb.OperationalError as error:
            raise RetryableError(f"{self._path}: {error}") from error


def _columns(cursor: duckdb.DuckDBPyConnection, table: str) -> tuple[Column, ...]:
    found = cursor.table(table)
    nullable = dict(cursor.execute(COLUMNS, {"table": table}).fetchall())
    types = zip(found.columns, found.types, strict=True)
    return tuple(column(name, stored, required=nullable[name] == "NO") for name, stored in types)


@lru_cache
def _row_type(table: str, columns: tuple[Column, ...]) -> RowType:
    return RowType(table, columns)


def _value(column: Column) -> str:
    # BigQuery has no NULL for an array.
    return f'coalesce("{column.name}", [])' if column.repeated else f'"{column.name}"'


def _parameter(value: object) -> object:
    # As INT64, or DuckDB takes the smallest type that holds it, and overflows in products.
    return duckdb.Value(value, BIGINT) if isinstance(value, int) and not isinstance(value, bool) else value
