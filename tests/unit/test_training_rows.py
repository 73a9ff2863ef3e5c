"""Counting happens in SQL: what comes into Python grows with people and items, not with events."""

from pathlib import Path

from infra.bench.from_log import Counted, features, make_log, measure
from infra.bench.interactions import Size

SIZE = Size(4_000, 150, 30)


def fetched(path: Path, times: int) -> dict[str, int]:
    """Rows by query, of a log in which everything happens so many times."""
    warehouse = Counted(path)
    make_log(warehouse, SIZE)
    for number in range(1, times):
        copy = f"SELECT * REPLACE (CONCAT('{number}-', event_id) AS event_id) FROM events"
        warehouse.run(f"INSERT INTO events {copy} WHERE STARTS_WITH(event_id, 'e');")
    [events] = warehouse.query("SELECT COUNT(*) AS n FROM events")["n"].to_pylist()
    assert events == times * SIZE.events
    found = {name: rows for name, (_, rows, _) in measure(warehouse, features(warehouse)).items()}
    warehouse.close()
    return found


def test_four_times_as_many_events_are_no_row_more(tmp_path: Path) -> None:
    once, often = (fetched(tmp_path / f"{times}.duckdb", times) for times in (1, 4))
    assert once == often
    assert 0 < min(once.values()) <= max(once.values()) < SIZE.events
    assert once["persona_features"] == SIZE.people
