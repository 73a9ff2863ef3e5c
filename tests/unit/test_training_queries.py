"""Queries are put together from the files of infra/sql, wherever the function was staged."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from infra.local.layout import ROOT
from training.queries import compose, read_sql

SKIPPED = ("tables", "pull_", "privacy_", "scheduled_")
NAMES = sorted(path.stem for path in (ROOT / "infra/sql").glob("*.sql") if not path.stem.startswith(SKIPPED))
TABLES = {"centroids", "decisions", "events", "items", "kinds", "quarantined"}


@pytest.mark.parametrize("name", NAMES)
def test_a_query_reads_tables_only_once_it_is_put_together(name: str) -> None:
    [query] = sqlglot.parse(compose(name), read="bigquery")
    assert query
    common = {part.alias for part in query.find_all(exp.CTE)}
    assert {table.name for table in query.find_all(exp.Table)} - common <= TABLES


@pytest.mark.parametrize("name", NAMES)
def test_every_array_that_is_taken_apart_has_a_name(name: str) -> None:
    # bqemulator does not find the columns of one that has none.
    [query] = sqlglot.parse(read_sql(name), read="bigquery")
    assert query
    assert all(unnest.args.get("alias") or isinstance(unnest.parent, exp.In) for unnest in query.find_all(exp.Unnest))


def test_remarks_at_the_head_are_left_out() -> None:
    assert read_sql("interest").startswith("WITH acts AS (")
    assert compose("interactions").startswith("WITH devices AS (\nWITH claims AS (")


def test_a_staged_function_finds_its_queries(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "functions/retrain", tmp_path, dirs_exist_ok=True)
    shutil.copytree(ROOT / "infra/sql", tmp_path / "infra/sql")
    shutil.copytree(ROOT / "shared", tmp_path / "shared")
    program = "from training.queries import compose; print(len(compose('popularity')))"
    found = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert int(found.stdout) == len(compose("popularity"))
