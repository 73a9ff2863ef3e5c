"""Both warehouses with their tables, one of each for a module: no test of another is in its way."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from uuid import uuid4

import pytest

from shared.stores.embedded.warehouse import EmbeddedWarehouse
from shared.stores.gcp.warehouse import BigQueryWarehouse
from shared.stores.ports import Warehouse
from training.tables import create_tables


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = EmbeddedWarehouse(tmp_path_factory.mktemp("embedded") / "warehouse.duckdb")
    create_tables(warehouse)
    yield warehouse
    warehouse.close()


@pytest.fixture(scope="module")
def bigquery(emulator_environment: Mapping[str, str]) -> Iterator[Warehouse]:
    endpoint = emulator_environment["ATTUNE_BIGQUERY_ENDPOINT"]
    warehouse = BigQueryWarehouse(f"test-{uuid4().hex[:12]}", "attune", endpoint, timedelta(seconds=60))
    warehouse.create_dataset()
    create_tables(warehouse)
    yield warehouse
    warehouse.close()


@pytest.fixture(params=["embedded", "bigquery"])
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    found: Warehouse = request.getfixturevalue(request.param)
    return found
