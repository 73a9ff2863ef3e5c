"""Tables and SQL in BigQuery.

In production its Pub/Sub subscriptions write the events; `append` is for jobs and for the local bridge.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import pyarrow
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY
from requests.exceptions import ConnectionError as NoConnectionError
from requests.exceptions import Timeout

from shared.errors import OverQuotaError, RetryableError
from shared.stores.rows import Column, Row, RowType

ROWS_PER_CALL = 500
AWAY = (exceptions.ServerError, exceptions.RetryError, NoConnectionError, Timeout)
STREAMING = "streaming buffer"
"""For half an hour, DML does not change rows written by insertAll, as the local bridge and `append` do. What BigQuery
subscriptions write by the Storage Write API it does. https://cloud.google.com/bigquery/docs/data-manipulation-language"""

QUOTA_REASONS = {"quotaExceeded", "rateLimitExceeded"}
TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}
PARAMETER_TYPES: dict[type, str] = {bool: "BOOL", int: "INT64", float: "FLOAT64", str: "STRING", datetime: "TIMESTAMP"}


class BigQueryWarehouse:
    """Implements Warehouse. Table names without a dataset are the given dataset's."""

    def __init__(self, project: str, dataset: str, endpoint: str, deadline: timedelta) -> None:
        self._dataset = bigquery.DatasetReference(project, dataset)
        self._endpoint = endpoint
        # The library's own patience is ten minutes; on the emulator a wrongly typed row would use all of it.
        self._retry = DEFAULT_RETRY.with_timeout(deadline.total_seconds())
        self._timeout = deadline.total_seconds()
        self._tables: dict[str, RowType] = {}

    def create_dataset(self) -> None:
        """Create the dataset unless it exists. In production it is Terraform's."""
        with _failures("dataset"):
            self._client.create_dataset(self._dataset, exists_ok=True, retry=self._retry, timeout=self._timeout)

    def run(self, script: str) -> None:
        with _failures("script"):
            self._execute(script, []).result(retry=self._retry, job_retry=None)
        self._tables.clear()

    def append(self, table: str, rows: Sequence[Row]) -> None:
        self._check(table, rows)
        with _failures(table):
            for start in range(0, len(rows), ROWS_PER_CALL):
                self._insert(table, rows[start : start + ROWS_PER_CALL])

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pyarrow.Table:
        given = [_parameter(name, value) for name, value in (parameters or {}).items()]
        with _failures("query"):
            found = self._execute(sql, given).result(retry=self._retry, job_retry=None)
            return found.to_arrow(create_bqstorage_client=False)

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]

    @cached_property
    def _client(self) -> bigquery.Client:
        if not self._endpoint:
            return bigquery.Client(project=self._dataset.project)
        options = ClientOptions(api_endpoint=self._endpoint)
        nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]
        return bigquery.Client(self._dataset.project, nobody, client_options=options)

    def _execute(self, sql: str, parameters: Sequence[Any]) -> bigquery.QueryJob:
        config = bigquery.QueryJobConfig(default_dataset=self._dataset, query_parameters=parameters)
        return self._client.query(sql, config, retry=self._retry, timeout=self._timeout, job_retry=None)

    def _insert(self, table: str, rows: Sequence[Row]) -> None:
        place = self._dataset.table(table)
        errors = self._client.insert_rows_json(place, rows, retry=self._retry, timeout=self._timeout)
        if errors:
            raise ValueError(f"{table}: {errors[0]}")

    def _check(self, table: str, rows: Sequence[Row]) -> None:
        """Raises ValueError for rows that the table, as it is now, does not accept."""
        if known := self._tables.get(table):
            with suppress(ValueError):  # perhaps somebody added the column
                known.check(rows)
                return
        with _failures(table):
            found = self._client.get_table(self._dataset.table(table), retry=self._retry, timeout=self._timeout)
        self._tables[table] = RowType(table, [_column(field) for field in found.schema])
        self._tables[table].check(rows)


@contextmanager
def _failures(what: str) -> Iterator[None]:
    try:
        yield
    except exceptions.TooManyRequests as error:
        raise OverQuotaError(f"{what}: {error}") from error
    except exceptions.Forbidden as error:
        if {str(one.get("reason")) for one in error.errors} & QUOTA_REASONS:
            raise OverQuotaError(f"{what}: {error}") from error
        raise
    except exceptions.BadRequest as error:
        if STREAMING in str(error):
            raise RetryableError(f"{what}: rows were written too recently to be changed") from error
        raise
    except AWAY as error:
        raise RetryableError(f"{what}: {error}") from error


def _column(field: bigquery.SchemaField) -> Column:
    inner = tuple(_column(one) for one in field.fields)
    kind = TYPES.get(field.field_type, field.field_type)
    return Column(field.name, kind, field.mode == "REPEATED", field.mode == "REQUIRED", inner)


def _parameter(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        kind = PARAMETER_TYPES[type(value[0])] if value else "STRING"
        return bigquery.ArrayQueryParameter(name, kind, list(value))
    return bigquery.ScalarQueryParameter(name, PARAMETER_TYPES[type(value)], value)
