"""One GoogleSQL everywhere: each expression has the value that BigQuery's reference gives it.

Where the emulator is wrong it is named, and only the embedded warehouse is held to the case: keep it out of infra/sql.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.stores.embedded.googlesql import translate
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from shared.stores.gcp.warehouse import BigQueryWarehouse
from shared.stores.ports import Warehouse

T = "TIMESTAMP '2026-11-22 14:30:15.5+00'"  # a Sunday
XS = "UNNEST([1, 2, 3]) AS x"

CASES: list[tuple[str, object]] = [
    # numbers: literals are INT64 and FLOAT64, sums of INT64 are INT64
    ("1.5 * 2", 3.0),
    ("0.1 + 0.2 > 0.3", True),
    ("ROUND(1.234, 2)", 1.23),
    ("FLOOR(1.7)", 1.0),
    ("7 / 2", 3.5),
    ("DIV(7, 2)", 3),
    ("10 * DIV(7 + 2, 1 + 1)", 40),
    ("MOD(-7, 3)", -1),
    ("24 * 60 * 60 * 1000000", 86_400_000_000),
    (f"(SELECT SUM(x) FROM {XS})", 6),
    (f"(SELECT COUNTIF(x > 1) FROM {XS})", 2),
    (f"(SELECT AVG(x) FROM {XS})", 2.0),
    (f"(SELECT ROUND(STDDEV(x), 3) FROM {XS})", 1.0),
    ("SAFE_DIVIDE(1, 0)", None),
    ("SAFE_DIVIDE(1, 2)", 0.5),
    ("CAST(1.6 AS INT64)", 2),
    ("SAFE_CAST('x' AS INT64)", None),
    ("LOG(8, 2)", 3.0),
    ("POW(2, 3)", 8.0),
    ("GREATEST(1, NULL)", None),
    # arrays and records
    (f"(SELECT ARRAY_AGG(x ORDER BY x DESC LIMIT 2) FROM {XS})", [3, 2]),
    (
        f"(SELECT ARRAY_AGG(STRUCT(x AS item, x * 0.5 AS score) ORDER BY x DESC LIMIT 1) FROM {XS})",
        [{"item": 3, "score": 1.5}],
    ),
    ("(SELECT ARRAY_AGG(x IGNORE NULLS ORDER BY x) FROM UNNEST([1, NULL]) AS x)", [1]),
    ("(SELECT ARRAY_AGG(i ORDER BY i) FROM UNNEST(['a', 'b']) AS v WITH OFFSET AS i)", [0, 1]),
    (f"ARRAY(SELECT x * 2 FROM {XS} WHERE x > 1 ORDER BY x)", [4, 6]),
    ("[10, 20, 30][OFFSET(1)]", 20),
    ("[10, 20][SAFE_OFFSET(5)]", None),
    ("ARRAY_LENGTH([1, 2])", 2),
    ("ARRAY_CONCAT([1], [2])", [1, 2]),
    ("ARRAY_TO_STRING(['a', 'b'], ',')", "a,b"),
    ("GENERATE_ARRAY(1, 3)", [1, 2, 3]),
    ("2 IN UNNEST([1, 2])", True),
    ("STRUCT(1 AS a, [2] AS b)", {"a": 1, "b": [2]}),
    # time
    (f"DATE({T})", date(2026, 11, 22)),
    (f"TIMESTAMP_TRUNC({T}, HOUR)", datetime(2026, 11, 22, 14, tzinfo=UTC)),
    (f"TIMESTAMP_TRUNC({T}, DAY)", datetime(2026, 11, 22, tzinfo=UTC)),
    (f"TIMESTAMP_SUB({T}, INTERVAL 30 DAY)", datetime(2026, 10, 23, 14, 30, 15, 500_000, UTC)),
    (f"TIMESTAMP_ADD({T}, INTERVAL 90 SECOND)", datetime(2026, 11, 22, 14, 31, 45, 500_000, UTC)),
    (f"TIMESTAMP_DIFF({T}, TIMESTAMP '2026-11-22 13:59:00+00', HOUR)", 0),
    (f"TIMESTAMP_DIFF({T}, TIMESTAMP '2026-11-21 15:00:00+00', DAY)", 0),
    (f"TIMESTAMP_DIFF(TIMESTAMP '2026-11-22 13:59:00+00', {T}, HOUR)", 0),
    (f"TIMESTAMP_DIFF({T}, TIMESTAMP '2026-11-22 14:30:15+00', MILLISECOND)", 500),
    (f"UNIX_SECONDS({T})", 1_795_357_815),
    (f"UNIX_MILLIS({T})", 1_795_357_815_500),
    (f"UNIX_MICROS({T})", 1_795_357_815_500_000),
    ("TIMESTAMP_SECONDS(1795357815)", datetime(2026, 11, 22, 14, 30, 15, 0, UTC)),
    ("TIMESTAMP_MILLIS(1795357815500)", datetime(2026, 11, 22, 14, 30, 15, 500_000, UTC)),
    ("TIMESTAMP_MICROS(1795357815500000)", datetime(2026, 11, 22, 14, 30, 15, 500_000, UTC)),
    ("TIMESTAMP(DATE '2026-11-22')", datetime(2026, 11, 22, tzinfo=UTC)),
    ("CAST('2026-11-22T14:30:15Z' AS TIMESTAMP)", datetime(2026, 11, 22, 14, 30, 15, tzinfo=UTC)),
    ("PARSE_TIMESTAMP('%Y-%m-%d %H', '2026-11-22 14')", datetime(2026, 11, 22, 14, tzinfo=UTC)),
    ("PARSE_DATE('%Y%m%d', '20261122')", date(2026, 11, 22)),
    (f"FORMAT_TIMESTAMP('%Y-%m-%d %H', {T})", "2026-11-22 14"),
    ("FORMAT_DATE('%Y%m%d', DATE '2026-11-22')", "20261122"),
    ("DATE_DIFF(DATE '2026-11-22', DATE '2026-11-20', DAY)", 2),
    ("DATE_ADD(DATE '2026-01-31', INTERVAL 1 MONTH)", date(2026, 2, 28)),
    ("DATE_SUB(DATE '2026-01-31', INTERVAL 1 DAY)", date(2026, 1, 30)),
    ("DATE_TRUNC(DATE '2026-11-25', MONTH)", date(2026, 11, 1)),
    ("DATE_TRUNC(DATE '2026-11-25', ISOWEEK)", date(2026, 11, 23)),
    ("DATE_TRUNC(DATE '2026-11-25', WEEK(MONDAY))", date(2026, 11, 23)),
    (f"EXTRACT(HOUR FROM {T})", 14),
    (f"EXTRACT(DAYOFWEEK FROM {T})", 1),
    (f"EXTRACT(DATE FROM {T})", date(2026, 11, 22)),
    ("EXTRACT(ISOWEEK FROM DATE '2026-11-22')", 47),
    ("ARRAY_LENGTH(GENERATE_DATE_ARRAY(DATE '2026-01-01', DATE '2026-01-03'))", 3),
    # text and JSON
    ("CONCAT('a', NULL)", None),
    ("FORMAT('%s-%d', 'a', 3)", "a-3"),
    ("(SELECT STRING_AGG(x, ',' ORDER BY x DESC) FROM UNNEST(['a', 'b']) AS x)", "b,a"),
    ("SPLIT('a,b', ',')", ["a", "b"]),
    ("REGEXP_EXTRACT('a=5', r'a=([0-9])')", "5"),
    ("TO_HEX(MD5('a'))", "0cc175b9c0f1b6a831c399e269772661"),
    ("JSON_VALUE(JSON '{\"a\": {\"b\": 5}}', '$.a.b')", "5"),
    ("JSON_VALUE(JSON '{\"a\": 5}', '$.b')", None),
    ("CAST(JSON_VALUE(JSON '{\"a\": 2.5}', '$.a') AS FLOAT64)", 2.5),
    ("TO_JSON_STRING(STRUCT(1 AS a, 'x' AS b))", '{"a":1,"b":"x"}'),
    # order, windows, sets
    ("(SELECT x FROM UNNEST([1, NULL]) AS x ORDER BY x LIMIT 1)", None),
    ("(SELECT x FROM UNNEST([3, 1]) AS x QUALIFY ROW_NUMBER() OVER (ORDER BY x) = 1)", 1),
    (f"(SELECT LAG(x) OVER (ORDER BY x) FROM {XS} ORDER BY x DESC LIMIT 1)", 2),
    (f"(SELECT SUM(x) OVER (ORDER BY x ROWS 1 PRECEDING) FROM {XS} ORDER BY x DESC LIMIT 1)", 5),
    ("(SELECT MAX_BY(s.n, s.v) FROM UNNEST([STRUCT('a' AS n, 1 AS v), STRUCT('b', 2)]) AS s)", "b"),
    ("(SELECT COUNT(DISTINCT x) FROM UNNEST([1, 1, 2]) AS x)", 2),
    (f"(SELECT LOGICAL_OR(x > 2) FROM {XS})", True),
    (f"(SELECT APPROX_QUANTILES(x, 2)[OFFSET(1)] FROM {XS})", 2),
]
EMULATOR_IS_WRONG = (
    "24 * 60 * 60",
    "DIV(7 + 2",
    "TIMESTAMP_DIFF(",
    "UNIX_SECONDS(",
    "ISOWEEK)",
    "WEEK(MONDAY)",
    "APPROX_QUANTILES(",
)


@pytest.fixture(scope="module", params=["embedded", "gcp"])
def warehouse(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One for all cases: they only read."""
    warehouse: EmbeddedWarehouse | BigQueryWarehouse
    if request.param == "embedded":
        warehouse = EmbeddedWarehouse(tmp_path_factory.mktemp("googlesql") / "warehouse.duckdb")
    else:
        endpoint = request.getfixturevalue("emulator_environment")["ATTUNE_BIGQUERY_ENDPOINT"]
        warehouse = BigQueryWarehouse("googlesql", "attune", endpoint, timedelta(seconds=5))
        warehouse.create_dataset()
    yield warehouse
    warehouse.close()


@pytest.mark.parametrize(("expression", "expected"), CASES, ids=[expression for expression, _ in CASES])
def test_an_expression_has_the_value_of_the_reference(warehouse: Warehouse, expression: str, expected: object) -> None:
    if isinstance(warehouse, BigQueryWarehouse) and any(text in expression for text in EMULATOR_IS_WRONG):
        return
    [row] = warehouse.query(f"SELECT {expression} AS found").to_pylist()
    assert row["found"] == (pytest.approx(expected) if isinstance(expected, float) else expected)
    assert type(row["found"]) is type(expected)


def test_a_left_join_with_offset_keeps_rows_without_elements(warehouse: Warehouse) -> None:
    found = warehouse.query("""
        WITH t AS (SELECT 1 AS id, ['a', 'b'] AS xs UNION ALL SELECT 2, [])
        SELECT t.id, x, i AS position FROM t LEFT JOIN UNNEST(t.xs) AS x WITH OFFSET AS i ORDER BY t.id, position
    """)
    assert [tuple(row.values()) for row in found.to_pylist()] == [(1, "a", 0), (1, "b", 1), (2, None, None)]


@pytest.mark.parametrize("script", ["DECLARE n INT64 DEFAULT 3", "SELECT FROM WHERE", "BEGIN SELECT 1; END"])
def test_what_the_embedded_warehouse_does_not_speak_is_refused(script: str) -> None:
    with pytest.raises(ValueError, match=r"embedded warehouse|BigQuery only"):
        translate(script)


def test_a_missing_parameter_is_named(warehouse: Warehouse) -> None:
    if isinstance(warehouse, EmbeddedWarehouse):
        with pytest.raises(ValueError, match="expected also since, found until"):
            warehouse.query("SELECT @since AS since, @until AS until", {"until": 1})
