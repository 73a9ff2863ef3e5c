"""pull over HTTP, on both warehouses: what a site's own table states of items is published once, newest wins."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

import pulling.items
from shared import wiring
from shared.stores.gcp.warehouse import BigQueryWarehouse
from shared.stores.ports import Message, Warehouse
from tests.functions.conftest import Serve

START = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = """item_id STRING, stated_at TIMESTAMP, name STRING, price FLOAT64, tags ARRAY<STRING>, expires_at TIMESTAMP,
    hidden BOOL, stock_keeper STRING"""


def row(number: int, minutes: int, **more: Any) -> dict[str, Any]:
    stated_at = (START + timedelta(minutes=minutes)).isoformat()
    return {"item_id": f"i{number}", "stated_at": stated_at, "name": f"Item {number}", "stock_keeper": "Bo", **more}


@pytest.fixture(params=["embedded", "bigquery"])
def warehouse(request: pytest.FixtureRequest, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    monkeypatch.setenv("ATTUNE_ITEMS_TABLE", "catalogue")
    wiring.settings.cache_clear()
    if request.param == "bigquery":
        endpoint = request.getfixturevalue("emulator_environment")["ATTUNE_BIGQUERY_ENDPOINT"]
        opened = BigQueryWarehouse(f"test-{uuid4().hex[:12]}", "attune", endpoint, timedelta(seconds=60))
        opened.create_dataset()
        monkeypatch.setattr(wiring, "warehouse", lambda _: opened)
    found = wiring.warehouse(wiring.settings())
    found.run(f"CREATE TABLE catalogue ({COLUMNS})")
    return found


@pytest.fixture
def published(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What has gone to the topic `items`."""
    found: list[dict[str, Any]] = []

    async def publish(topic: str, messages: Sequence[Message]) -> None:
        assert topic == "items"
        found.extend(msgspec.json.decode(message.data) for message in messages)

    monkeypatch.setattr(wiring.topics(wiring.settings()), "publish", publish)
    return found


async def pull(serve: Serve, **body: object) -> dict[str, Any]:
    async with serve("pull") as client:
        answer: httpx.Response = await client.post("/v1/pull", json={"what": ["items"], **body})
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()["pulls"]["items"]
    return report


async def test_pages_are_read_once_and_resumed(
    serve: Serve, warehouse: Warehouse, published: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling.items, "PAGE_ROWS", 3)
    warehouse.append("catalogue", [row(number, number // 2) for number in range(10)])
    report = await pull(serve)
    assert (report["published"], report["finished"]) == (10, True)
    assert (await pull(serve))["published"] == 0
    warehouse.append("catalogue", [row(3, 60, name="Three", hidden=True)])
    assert (await pull(serve))["published"] == 1
    assert sorted(facts["item_id"] for facts in published) == sorted([*(f"i{number}" for number in range(10)), "i3"])
    assert (published[-1]["name"], published[-1]["hidden"]) == ("Three", True)
    assert (await pull(serve, since="2026-01-01"))["published"] == 11


async def test_what_is_no_fact_is_counted_by_field(
    serve: Serve, warehouse: Warehouse, published: list[dict[str, Any]]
) -> None:
    sound = row(1, 1, price=9.5, tags=["new"], expires_at="2027-01-01T00:00:00Z")
    warehouse.append("catalogue", [sound, row(2, 2, price=-1.0), row(3, 3, name="")])
    report = await pull(serve)
    assert (report["published"], report["refused_by_field"]) == (1, {"price": 1, "name": 1})
    [facts] = published
    assert (facts["price"], facts["tags"], facts["expires_at"]) == (9.5, ["new"], "2027-01-01T00:00:00Z")
    assert "stock_keeper" not in facts


async def test_a_table_must_be_named_and_set_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve("pull") as client:
        assert (await client.post("/v1/pull", json={"what": ["items"]})).status_code == 400
        monkeypatch.setenv("ATTUNE_ITEMS_TABLE", "x`; DROP TABLE events; --")
        wiring.settings.cache_clear()
        assert (await client.post("/v1/pull", json={"what": ["items"]})).status_code == 400
