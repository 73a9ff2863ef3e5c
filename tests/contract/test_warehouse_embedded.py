"""What only the embedded warehouse promises: it is content with little memory, and takes more where that is needed."""

from pathlib import Path

import pytest

from shared.stores.embedded import warehouse as embedded
from shared.stores.embedded.warehouse import EmbeddedWarehouse

LARGE = "SELECT ARRAY_AGG(number ORDER BY number DESC) AS numbers FROM UNNEST(GENERATE_ARRAY(1, 3000000)) AS number"


def test_a_query_that_needs_more_memory_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "MEMORY", ("30MB", "40MB"))
    warehouse = EmbeddedWarehouse(tmp_path / "warehouse.duckdb")
    [row] = warehouse.query(LARGE)["numbers"].to_pylist()
    assert (row[0], len(row)) == (3_000_000, 3_000_000)
    assert warehouse._is_unlimited
    warehouse.close()
