"""The benchmarks' own arithmetic and reading. No figure is asserted here: they are measured, by `make bench`."""

import doctest
import json
from itertools import pairwise
from types import ModuleType

import pytest

from infra.bench import figures, imports, load, process_tree, pushes, rounds, run
from infra.bench.figures import Grid, Result
from infra.bench.load import Load
from shared.errors import PermanentError


@pytest.mark.parametrize("module", [figures, imports, load, process_tree], ids=lambda module: module.__name__)
def test_examples(module: ModuleType) -> None:
    failed, tried = doctest.testmod(module)
    assert tried > 0
    assert failed == 0


def test_a_median_of_nothing_is_unknown() -> None:
    assert figures.median([]) is None
    assert figures.median([None, None]) is None


def test_a_ratio_to_nothing_is_unknown() -> None:
    assert figures.ratio([1.0, 2.0], [0.0, None]) is None
    assert figures.ratio([None, 6.0], [1.0, 3.0]) == 2.0


def test_a_server_that_never_answered_has_no_latency() -> None:
    told = '{"requests":0,"us":3000000,"p50":0,"p99":0,"status":0,"cut":2,"late":16}'
    assert load.read_report(told) == Load(0.0, None, None, good=0, bad=2, late=16)


def test_errors_are_not_counted_as_answers() -> None:
    told = '{"requests":10,"us":1000000,"p50":1000,"p99":2000,"status":4,"cut":1,"late":0}'
    found = load.read_report(told)
    assert (found.requests_s, found.good, found.bad) == (6.0, 6, 5)


def test_silence_of_wrk_is_an_error() -> None:
    with pytest.raises(PermanentError, match="unable to connect"):
        load.read_report("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_rounds_as_a_table() -> None:
    samples: rounds.Samples = {}
    for rate in (100.0, 200.0, 400.0):
        samples.setdefault((("", 16), "floor"), []).append(Load(rate, 1.0, 2.0, 10, 0, 0))
        samples.setdefault((("", 16), "ours"), []).append(Load(rate / 2, 1.5, 4.0, 10, 1, 0))
        samples.setdefault((("", 16), "usual"), []).append(Load(rate / 10, None, None, 10, 0, 1))
    grid = rounds.grid("requests", samples, "floor", "usual")
    assert "events of" not in grid.columns
    ours = dict(zip(grid.columns, grid.rows[1], strict=True))
    assert ours["req/s"] == 100.0
    assert ours["failed"] == 3
    assert (ours["p50 × floor"], ours["req/s × floor"], ours["req/s × usual"]) == (1.5, 0.5, 5.0)
    assert grid.rows[2][3] is None


def test_everything_is_written_as_json() -> None:
    result = Result([Grid("requests", ("variant", "p50 ms"), [["ours", 1.5], ["usual", None]])], ["a note"], ["a loss"])
    data = json.loads(json.dumps(figures.report({"cores": 2}, {"recommend": result}, {"repeats": 3})))
    assert data == {
        "machine": {"cores": 2},
        "options": {"repeats": 3},
        "recommend": {
            "tables": {"requests": [{"variant": "ours", "p50_ms": 1.5}, {"variant": "usual", "p50_ms": None}]},
            "notes": ["a note"],
            "failures": ["a loss"],
        },
    }


def test_cases_follow_each_other_in_the_past() -> None:
    seconds = [pushes.first_second(case, 4) for case in range(5)]
    assert all(abs(later - earlier - 259_200) <= 1 for earlier, later in pairwise(seconds))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(PermanentError, match=r"expected recommend, .*found sorting"):
        run.bench(["sorting"], 1.0, 1, None)
