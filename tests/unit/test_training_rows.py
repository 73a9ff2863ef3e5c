"""Counting happens in SQL: what comes into Python grows with people and items, not with events."""

from pathlib import Path

from infra.bench.from_log import CUTOFF, Counted, make_log
from infra.bench.interactions import Size
from shared.settings import Settings
from training.job import train
from training.propensity.rows import Goal, read_rows
from training.results import Model

SIZE = Size(4_000, 150, 30)
MODELS: tuple[Model, ...] = ("personas", "neighbours", "popularity")
"""`blend` goes with some people through what they did, event by event; with how many, it bounds."""

GOALS: tuple[Goal, ...] = ("conversion", "churn")


def fetched(path: Path, times: int) -> dict[str, int]:
    """Rows by model, of a log in which everything happens so many times."""
    warehouse = Counted(path)
    make_log(warehouse, SIZE)
    for number in range(1, times):
        copy = f"SELECT * REPLACE (CONCAT('{number}-', event_id) AS event_id) FROM events"
        warehouse.run(f"INSERT INTO events {copy} WHERE STARTS_WITH(event_id, 'e');")
    [events] = warehouse.query("SELECT COUNT(*) AS n FROM events")["n"].to_pylist()
    assert events == times * SIZE.events
    found: dict[str, int] = {}
    for model in MODELS:
        warehouse.fetched = 0
        train(warehouse, [model], CUTOFF, Settings())
        found[model] = warehouse.fetched
    for goal in GOALS:
        warehouse.fetched = 0
        read_rows(warehouse, goal, CUTOFF, Settings())
        found[goal] = warehouse.fetched
    warehouse.close()
    return found


def test_four_times_as_many_events_are_no_row_more(tmp_path: Path) -> None:
    once, often = (fetched(tmp_path / f"{times}.duckdb", times) for times in (1, 4))
    assert once == often
    assert max(once.values()) < SIZE.events
    assert once["personas"] == SIZE.people
