"""Inputs that are not as hoped: each is judged, or refused with what to do next."""

from collections.abc import Iterable
from math import isnan
from pathlib import Path

import pytest
from rich.console import Console

from infra.cli import main
from infra.evaluation.picture import draw
from infra.evaluation.ranking import evaluate
from infra.evaluation.report import Report, show
from tests.unit.test_evaluation_ranking import Row, Write, visits
from tests.unit.test_evaluation_ranking import write as write

DAY = 86_400


def judged(spec: str, split: str, folds: int = 1) -> Report:
    """Judged, shown and drawn."""
    report = evaluate(spec, split, folds=folds)
    show(report, Console(quiet=True))
    assert draw(report).endswith("</svg>\n")
    return report


def refused(spec: str, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """What a person is told."""
    assert main(["evaluate", "ranking", "--input", spec, *options]) == 2
    return capsys.readouterr().err


def test_an_empty_file(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(write([]), capsys)
    assert "nothing to predict; input: expected events that collect would take, found none" in told


def test_a_file_of_what_would_be_refused(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert "none; it would refuse 3" in refused(write([(n, "guest", "a") for n in range(3)]), capsys)


def test_one_person_has_no_interval(write: Write) -> None:
    report = judged(write((n * 90, "ann", "ab"[n % 2] + str(n % 3)) for n in range(40)), "leave-last", folds=2)
    section = report.judgement.protocols["all"]
    assert (section.people, section.predictions, section.pairs) == (1, 2, [])
    assert all(isnan(found.accuracy["HR@10"].low) for found in section.models.values())


def test_always_the_same_item(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(day * DAY + n, f"p{day % 9}", "a") for day in range(40) for n in range(3)]
    assert "--repeats keep" in refused(write(rows), capsys)
    report = evaluate(write(rows), "days:10", repeats="keep")
    assert report.judgement.trained["neighbours"]["status"] == "refused"
    assert report.judgement.protocols["all"].models["repeat last"].accuracy["HR@10"].value == 1
    assert report.judgement.protocols["novel"].models == {}


def test_one_session(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(n, "ann", f"i{n}") for n in range(9)]
    assert "events before the part to predict: a shorter one" in refused(write(rows), capsys)


def test_nobody_goes_on_to_another_item(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(n * 60, f"p{n}", f"i{n % 7}") for n in range(80)]
    assert "--split leave-last" in refused(write(rows), capsys)


def test_next_items_that_training_never_saw(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(n * 60, f"p{n // 4}", f"i{n}") for n in range(80)]
    assert "12 next items, none of which they know" in refused(write(rows), capsys)


def test_everything_at_the_same_time(write: Write) -> None:
    rows: list[Row] = [(0, person, item) for _, person, item in visits(0, range(30))]
    spec = write(rows)
    [one, again] = (judged(spec, "leave-last") for _ in range(2))
    assert one.predictions == 30
    assert one.judgement.protocols == again.judgement.protocols


def test_a_fold_without_anything_to_predict(write: Write) -> None:
    quiet = [(DAY * 2 + n * 3_600, f"q{n}", "a0") for n in range(10)]
    report = judged(write([*visits(0, range(40)), *quiet, *visits(3, range(10))]), "days:2", folds=2)
    assert [fold.predictions for fold in report.folds] == [40]


def test_a_hundred_thousand_items(tmp_path: Path) -> None:
    """Most were only shown to somebody: what a hundred thousand relations cost is a matter of `bench training`."""

    def rows() -> Iterable[str]:
        yield "kind,occurred_at,user_id,item_id"
        for number in range(2_400):
            first, some = (number * 50, 50) if number < 2_000 else (number * 37, 3)
            items = "|".join(f"i{first + place}" for place in range(some))
            kind = "impression" if number < 1_900 else "item_view"
            yield f"{kind},{1_700_000_000 + number * 7},p{number % 400},{items}"

    (tmp_path / "large.csv").write_text("\n".join(rows()) + "\n")
    report = evaluate(f"csv:{tmp_path / 'large.csv'}", "leave-last", most=50)
    assert (report.catalogue, report.predictions) == (100_000, 50)
