"""pull over HTTP, on both warehouses: every row of GA4's export becomes an event once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

import pulling.export
from infra.local.bridge import to_row
from infra.local.layout import ROOT
from shared import wiring
from shared.errors import RetryableError
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.gcp.warehouse import BigQueryWarehouse
from shared.stores.ports import Message, Warehouse
from tests.functions.conftest import Serve
from tests.unit.test_ga4_export import param, row

URL = "/v1/pull"
NOW = datetime(2026, 5, 17, 23, tzinfo=UTC)
DAY, YESTERDAY = "20260517", "20260516"
NOON_US = 1_779_019_200_000_000
SCALARS = "string_value STRING, int_value INT64, float_value FLOAT64, double_value FLOAT64"
PARAMS = f"ARRAY<STRUCT<key STRING, value STRUCT<{SCALARS}>>>"
COLUMNS = f"""
    event_timestamp INT64,
    event_name STRING,
    event_bundle_sequence_id INT64,
    event_value_in_usd FLOAT64,
    event_params {PARAMS},
    user_id STRING,
    user_pseudo_id STRING,
    privacy_info STRUCT<analytics_storage STRING, ads_storage STRING, uses_transient_token STRING>,
    user_properties {PARAMS},
    device STRUCT<category STRING, language STRING>,
    traffic_source STRUCT<name STRING, medium STRING, source STRING>,
    collected_traffic_source STRUCT<manual_campaign_name STRING>,
    ecommerce STRUCT<transaction_id STRING, purchase_revenue FLOAT64>,
    items ARRAY<STRUCT<item_id STRING, item_name STRING, price FLOAT64, quantity INT64, item_list_index STRING>>
"""

Row = dict[str, Any]


class Export:
    """GA4's dataset: BigQuery's, where tables of one prefix are read together; in the embedded warehouse the prefix
    is itself a table."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._together = not isinstance(warehouse, BigQueryWarehouse)
        if self._together:
            warehouse.run(f"CREATE TABLE `events_*` ({COLUMNS}, _TABLE_SUFFIX STRING)")

    def add(self, suffix: str, rows: Iterable[Row]) -> None:
        if self._together:
            self._warehouse.append("events_*", [{**each, "_TABLE_SUFFIX": suffix} for each in rows])
            return
        self._warehouse.run(f"CREATE TABLE IF NOT EXISTS events_{suffix} ({COLUMNS})")
        self._warehouse.append(f"events_{suffix}", list(rows))

    def drop(self, suffix: str) -> None:
        if self._together:
            self._warehouse.run(f"DELETE FROM `events_*` WHERE _TABLE_SUFFIX = '{suffix}'")
        else:
            self._warehouse.run(f"DROP TABLE events_{suffix}")


class Log:
    """The topic `events` and the table that its subscription fills."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.published: list[dict[str, Any]] = []
        self._warehouse = warehouse
        self._logged = 0

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        if topic == "events":
            self.published += [msgspec.json.decode(message.data) for message in messages]

    def catch_up(self) -> None:
        """The subscription writes what has been published since."""
        waiting = self.published[self._logged :]
        self._warehouse.append("events", [to_row(msgspec.json.encode(event)) for event in waiting])
        self._logged = len(self.published)

    def pages(self) -> list[str]:
        """What was published, by the page it was about."""
        return [event["context"]["page_url"].rpartition("/")[2] for event in self.published]


def rows(numbers: Iterable[int], *more: Row) -> list[Row]:
    """Rows that differ by their page; several share an instant."""
    found = []
    for number in numbers:
        one = row(event_timestamp=NOON_US + number // 3 * 1_000_000)
        one["event_params"] = [param("page_location", f"https://shop/{number}"), *more]
        found.append(one)
    return found


@pytest.fixture(params=["embedded", "bigquery"])
def warehouses(
    request: pytest.FixtureRequest, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> tuple[Warehouse, Warehouse]:
    """(Attune's, the export's)."""
    monkeypatch.setenv("ATTUNE_GA4_DATASET", "analytics_1")
    wiring.settings.cache_clear()
    monkeypatch.setattr(wiring, "clock", lambda: NOW)
    if request.param == "embedded":
        one = wiring.warehouse(wiring.settings())
        return one, one
    endpoint = request.getfixturevalue("emulator_environment")["ATTUNE_BIGQUERY_ENDPOINT"]
    project = f"test-{uuid4().hex[:12]}"
    opened = {
        name: BigQueryWarehouse(project, name, endpoint, timedelta(seconds=60)) for name in ("attune", "analytics_1")
    }
    for warehouse in opened.values():
        warehouse.create_dataset()
    monkeypatch.setattr(wiring, "warehouse", lambda settings: opened[settings.dataset])
    return opened["attune"], opened["analytics_1"]


@pytest.fixture
def export(warehouses: tuple[Warehouse, Warehouse]) -> Export:
    return Export(warehouses[1])


@pytest.fixture
def log(warehouses: tuple[Warehouse, Warehouse], monkeypatch: pytest.MonkeyPatch) -> Log:
    warehouses[0].run((ROOT / "infra/sql/tables.sql").read_text())
    found = Log(warehouses[0])
    monkeypatch.setattr(wiring.topics(wiring.settings()), "publish", found.publish)
    return found


async def pull(serve: Serve, **order: Any) -> Any:
    async with serve("pull") as client:
        answer = await client.post(URL, json=order)
    assert answer.status_code == 200, answer.text
    return answer.json()["pulls"]["ga4"]


async def test_rows_are_published_once_however_often_it_runs(serve: Serve, export: Export, log: Log) -> None:
    export.add(YESTERDAY, rows(range(3)))
    export.add(f"intraday_{DAY}", [*rows(range(3, 8)), row(user_pseudo_id=None), row("tour_taken")])
    first = await pull(serve, what=["ga4"])
    assert (first["read"], first["published"], first["refused"], first["unmapped"]) == (10, 9, 1, 1)
    assert (first["finished"], first["tables"]) == (True, {YESTERDAY: 3, f"intraday_{DAY}": 7})
    assert first["refused_by_field"] == {"user_id": 1}
    again = await pull(serve)
    assert (again["read"], again["published"]) == (0, 0)
    assert len({event["event_id"] for event in log.published}) == 9


async def test_late_rows_are_found_in_the_overlap_and_in_the_daily_table(
    serve: Serve, export: Export, log: Log
) -> None:
    export.add(f"intraday_{DAY}", rows(range(3, 9)))
    await pull(serve)
    log.catch_up()
    export.add(f"intraday_{DAY}", rows(range(1, 3)))
    late = await pull(serve)
    assert (late["published"], late["known"]) == (2, 6)
    log.catch_up()
    # The daily table replaces the intraday one; Google has attributed its rows, and more have come.
    export.add(DAY, rows(range(12), param("campaign", "spring"), param("entrances", 1)))
    daily = await pull(serve)
    assert (daily["published"], daily["known"], daily["tables"]) == (4, 8, {DAY: 12})
    log.catch_up()
    export.drop(f"intraday_{DAY}")
    assert (await pull(serve))["read"] == 0
    export.add(DAY, rows(range(12, 13), param("entrances", 1)))
    assert (await pull(serve))["published"] == 1
    assert Counter(log.pages()) == Counter(map(str, range(13)))


async def test_a_crash_between_pages_repeats_nothing_that_is_logged(
    serve: Serve, export: Export, log: Log, documents: EmbeddedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling.export, "PAGE_ROWS", 4)
    monkeypatch.setattr("pulling.ga4.PAGE_ROWS", 4)
    export.add(DAY, rows(range(30)))
    put, calls = documents.put, Counter[str]()

    async def breaks(*arguments: Any) -> str:
        calls["puts"] += 1
        if calls["puts"] % 3 == 0:
            raise RetryableError("the instance died after it had published")
        return await put(*arguments)

    monkeypatch.setattr(documents, "put", breaks)
    statuses: list[int] = []
    async with serve("pull") as client:
        while not statuses or statuses[-1] == 503:
            statuses.append((await client.post(URL)).status_code)
            log.catch_up()
    assert statuses.count(503) >= 2
    assert statuses[-1] == 200
    assert Counter(log.pages()) == Counter(map(str, range(30)))


async def test_a_log_that_lags_repeats_only_what_deduplicates(serve: Serve, export: Export, log: Log) -> None:
    export.add(f"intraday_{DAY}", rows(range(6)))
    await pull(serve)
    export.add(DAY, rows(range(6)))
    assert (await pull(serve))["published"] == 6
    assert len(log.published) == 12
    assert len({event["event_id"] for event in log.published}) == 6


async def test_a_call_stops_and_the_next_one_goes_on(
    serve: Serve, export: Export, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling.export, "PAGE_ROWS", 3)
    monkeypatch.setattr("pulling.ga4.PAGE_ROWS", 3)
    monkeypatch.setattr("pulling.ga4.MOST_PAGES", 2)
    export.add(DAY, rows(range(12)))
    found = [await pull(serve) for _ in range(3)]
    assert [one["finished"] for one in found] == [False, False, True]
    assert sum(one["published"] for one in found) == 12


async def test_what_is_older_is_pulled_on_demand(serve: Serve, export: Export, log: Log) -> None:
    export.add("20260401", rows(range(4)))
    assert (await pull(serve))["read"] == 0
    assert (await pull(serve, since="2026-03-01"))["published"] == 4


async def test_without_an_export_there_is_nothing_to_pull(serve: Serve) -> None:
    async with serve("pull") as client:
        assert (await client.post(URL)).json() == {"pulls": {}}
        asked = await client.post(URL, json={"what": ["ga4"]})
    assert asked.status_code == 400
    assert "ATTUNE_GA4_DATASET" in asked.json()["problems"][0]["expected"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/healthz", b"", 200),
        ("GET", URL, b"", 405),
        ("POST", "/v1/pulls", b"", 404),
        ("POST", URL, b"x" * 20_000, 413),
        ("POST", URL, b"[]", 400),
        ("POST", URL, b"\xff", 400),
        ("POST", URL, b"[" * 5_000, 400),
        ("POST", URL, b'{"what": ["everything"]}', 400),
        ("POST", URL, b'{"since": "2999-01-01"}', 400),
        ("POST", URL, b'{"since": "tomorrow"}', 400),
        ("POST", URL, b'{"until": 1}', 400),
    ],
)
async def test_routes_and_orders(serve: Serve, method: str, path: str, body: bytes, status: int) -> None:
    async with serve("pull") as client:
        answer: httpx.Response = await client.request(method, path, content=body)
    assert answer.status_code == status
    assert status == 200 or answer.json()["error"]
