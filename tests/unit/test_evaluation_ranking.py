"""A whole evaluation of a small shop: two kinds of people, who go through their own items in order."""

from collections.abc import Callable, Iterable
from math import isnan
from pathlib import Path

import msgspec
import pytest

from infra.evaluation.predict import Protocol
from infra.evaluation.ranking import evaluate, evaluate_ranking
from infra.evaluation.report import Report
from shared.errors import PermanentError

ITEMS = 12
Row = tuple[int, str, str]
Write = Callable[[Iterable[Row]], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def rows(given: Iterable[Row]) -> str:
        lines = [f"item_view,{1_700_000_000 + second},{person},{item}" for second, person, item in given]
        path = tmp_path / "shop.csv"
        path.write_text("\n".join(["kind,occurred_at,user_id,item_id", *lines]) + "\n")
        return f"csv:{path}"

    return rows


def visits(day: int, people: range) -> list[Row]:
    """Each person's five items of their own kind's, one a minute, from a place that differs."""
    return [
        (day * 86_400 + person * 600 + step * 60, f"p{day}-{person}", f"{'ab'[person % 2]}{(person + step) % ITEMS}")
        for person in people
        for step in range(5)
    ]


def figures(report: Report, protocol: Protocol, model: str) -> dict[str, float]:
    found = report.judgement.protocols[protocol].models[model]
    return {metric: each.value for metric, each in found.accuracy.items()}


def test_what_people_do_together_is_found(write: Write) -> None:
    report = evaluate(write(visits(0, range(60)) + visits(3, range(20))), "days:1")
    assert (report.training_events, report.predictions, report.left_out) == (300, 80, 0)
    attune, popularity = figures(report, "novel", "attune"), figures(report, "novel", "popularity")
    assert attune["HR@10"] > 0.9 > popularity["HR@10"]
    assert attune["NDCG@10"] > popularity["NDCG@10"]


def test_the_future_teaches_nothing(write: Write) -> None:
    past, future = visits(0, range(60)), visits(3, range(20))
    leak = [(3 * 86_400 + 1 + number, f"spy{number % 50}", f"a{number % 7}") for number in range(1_000)]
    honest, leaky = (evaluate(write(sorted(rows)), "days:1") for rows in (past + future, past + leak + future))
    assert honest.training_events == leaky.training_events == len(past)
    versions = [[model.get("version") for model in report.judgement.trained.values()] for report in (honest, leaky)]
    assert versions[0] == versions[1]


def test_repeating_knows_all_returns_and_nothing_new(write: Write) -> None:
    returns = [(3 * 86_400 + step, "ann", f"a{step % 3}") for step in range(9)]
    report = evaluate(write(visits(0, range(60)) + returns), "days:1")
    assert (report.judgement.protocols["all"].predictions, report.judgement.protocols["novel"].predictions) == (8, 2)
    assert figures(report, "all", "repeat last")["HR@10"] == 6 / 8
    assert isnan(figures(report, "novel", "repeat last")["HR@10"])
    assert figures(report, "all", "attune")["HR@10"] <= 2 / 8  # recommend does not repeat


def test_printed_and_written(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"
    spec = write([*visits(0, range(60)), (1, "guest", "a1"), *visits(0, range(1))])
    assert evaluate_ranking(spec, "leave-last", str(file)) == 0
    out, err = capsys.readouterr()
    assert "attune" in out
    assert "1 events that collect would refuse, 5 that came again" in out
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80
    written = msgspec.json.decode(file.read_bytes())
    assert written["predictions"] == 60
    assert list(written["judgement"]["protocols"]) == ["all", "novel", "sampled"]
    silent = written["judgement"]["protocols"]["novel"]["models"]["repeat last"]["accuracy"]["HR@10"]
    assert silent == {"value": None, "low": None, "high": None}


def test_nothing_to_predict_is_said(write: Write) -> None:
    with pytest.raises(PermanentError, match="nothing to predict"):
        evaluate(write([(0, "ann", "a"), (9, "bob", "b")]), "leave-last")
    with pytest.raises(PermanentError, match="nothing to predict"):
        evaluate(write([]), "sessions:0.8")


def test_repeats_are_kept_if_asked_for(write: Write) -> None:
    again = [(3 * 86_400 + step, "ann", f"a{step // 3}") for step in range(9)]
    spec = write(visits(0, range(60)) + again)
    assert evaluate(spec, "days:1").predictions == 2
    report = evaluate(spec, "days:1", repeats="keep")
    assert (report.repeats, report.predictions) == ("keep", 8)
    assert figures(report, "all", "repeat last")["HR@10"] == 6 / 8


def test_novelty_alone_if_asked_for(write: Write) -> None:
    returns = [(3 * 86_400 + step, "ann", f"a{step % 3}") for step in range(9)]
    report = evaluate(write(visits(0, range(60)) + returns), "days:1", novel=True)
    assert list(report.judgement.protocols) == ["novel", "sampled"]
    assert report.judgement.protocols["novel"].predictions == 2
