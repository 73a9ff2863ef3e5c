"""What the Warehouse port promises, on every backend."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from shared import wiring
from shared.errors import RetryableError
from shared.settings import Settings
from shared.stores.ports import Warehouse
from shared.stores.rows import Column, RowType
from tests.contract.conftest import open_warehouse

EVENTS = """
    CREATE TABLE IF NOT EXISTS events (
        event_id STRING NOT NULL OPTIONS (description = 'the key'),
        occurred_at TIMESTAMP NOT NULL,
        day DATE,
        item_ids ARRAY<STRING>,
        value FLOAT64,
        quantity INT64,
        bot BOOL,
        context STRUCT<page_url STRING, session_duration_s FLOAT64>,
        items ARRAY<STRUCT<id STRING, score FLOAT64>>,
        properties JSON,
        `at` TIMESTAMP
    )
    PARTITION BY DATE(occurred_at) CLUSTER BY event_id OPTIONS (description = 'what happened')
"""
NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
LEAST = {"event_id": "e0", "occurred_at": "2026-11-22T12:00:00.123456Z"}
FULL = {
    **LEAST,
    "event_id": "e1",
    "day": "2026-11-22",
    "item_ids": ["b", "a"],
    "value": 1,
    "quantity": 2**62,
    "bot": False,
    "context": {"page_url": "/é"},
    "items": [{"id": "x", "score": 0.5}, {"id": "y"}],
    "properties": '{"a":[1,null]}',
    "at": "2026-11-22T21:00:00.123456+09:00",
}


@pytest.fixture
def events(warehouse: Warehouse) -> Warehouse:
    warehouse.run(EVENTS)
    return warehouse


def rows(warehouse: Warehouse, sql: str, **parameters: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = warehouse.query(sql, parameters).to_pylist()
    return found


def test_rows_come_back_as_they_were(events: Warehouse) -> None:
    events.append("events", [FULL, LEAST])
    events.append("events", [])
    least, full = rows(events, "SELECT * FROM events ORDER BY event_id")
    assert full == {
        "event_id": "e1",
        "occurred_at": NOON,
        "day": date(2026, 11, 22),
        "item_ids": ["b", "a"],
        "value": 1.0,
        "quantity": 2**62,
        "bot": False,
        "context": {"page_url": "/é", "session_duration_s": None},
        "items": [{"id": "x", "score": 0.5}, {"id": "y", "score": None}],
        "properties": '{"a":[1,null]}',
        "at": NOON,
    }
    assert least == {**dict.fromkeys(FULL), "event_id": "e0", "occurred_at": NOON, "item_ids": [], "items": []}


def test_types_are_the_same_everywhere(events: Warehouse) -> None:
    events.append("events", [FULL])
    schema = events.query("SELECT *, SUM(quantity) OVER () AS s, COUNT(*) OVER () AS n, 1 AS one FROM events").schema
    assert {field.name: str(field.type) for field in schema} == {
        "event_id": "string",
        "occurred_at": "timestamp[us, tz=UTC]",
        "day": "date32[day]",
        "item_ids": "list<item: string>",
        "value": "double",
        "quantity": "int64",
        "bot": "bool",
        "context": "struct<page_url: string, session_duration_s: double>",
        "items": "list<item: struct<id: string, score: double>>",
        "properties": "string",
        "at": "timestamp[us, tz=UTC]",
        "s": "int64",
        "n": "int64",
        "one": "int64",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"unknown": 1},
        {"context": {"unknown": 1}},
        {"event_id": None},
        {"event_id": 1},
        {"value": "much"},
        {"quantity": 1.5},
        {"quantity": 2**63},
        {"bot": "yes"},
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-11-22T12:00:00"},
        {"day": "2026-13-01"},
        {"item_ids": "a"},
        {"item_ids": [1]},
        {"context": "/x"},
        {"items": [{"id": "x", "score": "high"}]},
    ],
    ids=repr,
)
def test_a_wrong_row_is_refused_with_its_place_and_nothing_is_written(
    events: Warehouse, wrong: dict[str, object]
) -> None:
    [name] = wrong
    with pytest.raises(ValueError, match=rf"events: .*`\$\[1\]{'' if name == 'unknown' else f'.{name}'}"):
        events.append("events", [LEAST, {**LEAST, **wrong}])
    assert rows(events, "SELECT COUNT(*) AS n FROM events") == [{"n": 0}]


def test_a_column_added_later_is_known(events: Warehouse) -> None:
    events.append("events", [LEAST])
    # bqemulator does not tell its API of a column that ALTER TABLE adds.
    events.run("CREATE OR REPLACE TABLE events AS SELECT *, CAST(NULL AS STRING) AS locale FROM events")
    events.append("events", [{**LEAST, "locale": "de"}])
    assert rows(events, "SELECT locale FROM events ORDER BY locale") == [{"locale": None}, {"locale": "de"}]


def test_json_text_is_checked_where_the_column_is_known_to_be_json() -> None:
    """bqemulator says STRING of a JSON column, so that this cannot be a test of the port."""
    kind = RowType("events", [Column("properties", "JSON"), Column("event_id", "STRING")])
    kind.check([{"properties": '{"a": 1}'}, {"properties": None}, {}])
    with pytest.raises(ValueError, match=r"Expected JSON, got '\{' - at `\$\[1\].properties`"):
        kind.check([{}, {"properties": "{"}])


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT @p AS found", "é'; DROP TABLE events"),
        ("SELECT @p AS found", 5),
        ("SELECT @p * 100000000000 AS found", 5),
        ("SELECT @p AS found", 1.5),
        ("SELECT @p AS found", True),
        ("SELECT @p AS found", NOON),
        ("SELECT @p AS found", ["b", "a"]),
        ("SELECT @p AS found", [1, 2]),
    ],
    ids=repr,
)
def test_parameters_keep_value_and_type(events: Warehouse, sql: str, value: object) -> None:
    [found] = rows(events, sql, p=value)
    expected = 500_000_000_000 if "*" in sql else value
    assert found["found"] == expected
    assert type(found["found"]) is type(expected)


def test_parameters_select(events: Warehouse) -> None:
    events.append("events", [{**LEAST, "event_id": f"e{n}", "quantity": n} for n in range(4)])
    by_list = "SELECT COUNT(*) AS n FROM events WHERE event_id IN UNNEST(@ids)"
    assert rows(events, by_list, ids=["e1", "e2", "x"]) == [{"n": 2}]
    assert rows(events, by_list, ids=[]) == [{"n": 0}]
    by_time = "SELECT COUNT(*) AS n FROM events WHERE occurred_at = @time AND quantity >= @least"
    assert rows(events, by_time, time=NOON, least=2) == [{"n": 2}]


def test_a_script_runs_in_order(events: Warehouse) -> None:
    events.append("events", [{**LEAST, "event_id": "e1", "quantity": n} for n in range(3)])
    events.run("""
        -- a comment; with a semicolon
        CREATE OR REPLACE VIEW deduplicated AS
            SELECT * FROM events QUALIFY ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY quantity DESC) = 1;
        CREATE OR REPLACE TABLE days PARTITION BY day CLUSTER BY n AS
            SELECT DATE(occurred_at) AS day, SUM(quantity) AS n FROM deduplicated GROUP BY 1;
        INSERT INTO days (day, n) VALUES (DATE '2026-01-01', 5), (DATE '2026-01-02', 6);
        UPDATE days SET n = 7 WHERE n = 6;
        DELETE FROM days WHERE n = 5;
        MERGE INTO days AS old
        USING (SELECT DATE '2026-01-02' AS day, 1 AS n UNION ALL SELECT DATE '2026-01-03', 2) AS new
        ON old.day = new.day
        WHEN MATCHED THEN UPDATE SET n = old.n + new.n
        WHEN NOT MATCHED THEN INSERT (day, n) VALUES (new.day, new.n);
    """)
    assert rows(events, "SELECT CAST(day AS STRING) AS day, n FROM days ORDER BY day") == [
        {"day": "2026-01-02", "n": 8},
        {"day": "2026-01-03", "n": 2},
        {"day": "2026-11-22", "n": 2},
    ]
    events.run("DROP TABLE days; CREATE OR REPLACE TABLE days AS SELECT 1 AS n; TRUNCATE TABLE days")
    assert events.query("SELECT * FROM days").num_rows == 0


def test_creating_again_keeps_what_is_there(events: Warehouse) -> None:
    events.append("events", [LEAST])
    events.run(EVENTS)
    assert rows(events, "SELECT event_id FROM events") == [{"event_id": "e0"}]


async def test_what_was_appended_is_there_after_reopening(settings: Settings, opened: None) -> None:
    warehouse = open_warehouse(settings)
    warehouse.run(EVENTS)
    warehouse.append("events", [FULL])
    await wiring.close_all()
    again = open_warehouse(settings)
    assert again is not warehouse
    assert rows(again, "SELECT event_id FROM events") == [{"event_id": "e1"}]


def test_threads_share_a_warehouse(events: Warehouse) -> None:
    def work(n: int) -> int:
        events.append("events", [{**LEAST, "event_id": f"e{n}"}])
        return int(events.query("SELECT * FROM events").num_rows)

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(work, range(12)))
    assert max(counts) == 12
    assert rows(events, "SELECT COUNT(DISTINCT event_id) AS n FROM events") == [{"n": 12}]


CALLS: list[Callable[[Warehouse], object]] = [
    lambda warehouse: warehouse.run("SELECT 1"),
    lambda warehouse: warehouse.query("SELECT 1"),
    lambda warehouse: warehouse.append("events", [LEAST]),
]


def test_a_dead_server_is_retryable(dead_settings: Settings) -> None:
    warehouse = wiring.warehouse(dead_settings)
    for call in CALLS:
        with pytest.raises(RetryableError):
            call(warehouse)
    asyncio.run(wiring.close_all())


def test_a_file_that_another_process_holds_is_retryable(tmp_path: Path) -> None:
    hold = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(tmp_path / "warehouse.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(RetryableError, match="lock"):
            wiring.warehouse(Settings(data=str(tmp_path)))
