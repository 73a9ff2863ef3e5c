"""`evaluate propensity` on tables that are not as hoped; curves by hand; recency, frequency and monetary value."""

import random
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from infra.evaluation.propensity import evaluate
from infra.evaluation.propensity_curves import gained, gains, roc
from infra.evaluation.propensity_picture import draw
from infra.evaluation.propensity_rfm import rfm_columns, rfm_probabilities
from infra.evaluation.propensity_table import LEVELS, encode, read_table
from shared.errors import PermanentError
from tests.unit.test_propensity_evaluation import HEAD, people, write
from training.propensity.arrays import Rows


def changed(path: Path, column: str, cells: Sequence[object]) -> str:
    """The usual table with other cells in this column."""
    rows = people(len(cells))
    for row, cell in zip(rows, cells, strict=True):
        row[HEAD.index(column)] = cell
    return write(path / "t.csv", HEAD, rows)


@pytest.mark.parametrize("label", ["yes", "no"])
def test_one_class(tmp_path: Path, label: str) -> None:
    found = "there are 180 and 0" if label == "yes" else "--positive and a value of acted, found no"
    with pytest.raises(PermanentError, match=found):
        evaluate(changed(tmp_path, "acted", [label] * 200), "acted")


def test_rows_without_a_label_are_left_out_and_counted(tmp_path: Path) -> None:
    draw_label = random.Random(3)
    labels = [draw_label.choice(["yes", "no", "", "NaN"]) for _ in range(400)]
    table = read_table(changed(tmp_path, "acted", labels), "acted", None)
    known = [label for label in labels if label in ("yes", "no")]
    assert (len(table.labels), table.unlabelled) == (len(known), 400 - len(known))
    assert table.labels.sum() == known.count("yes")


def test_none_may_be_a_label(tmp_path: Path) -> None:
    table = read_table(changed(tmp_path, "acted", ["none", "gold"] * 50), "acted", "none")
    assert (table.labels.mean(), table.unlabelled) == (0.5, 0)


def test_columns_that_say_nothing(tmp_path: Path) -> None:
    rows = [["EUR", 7, "", "yes" if number % 3 else "no"] for number in range(200)]
    with pytest.raises(PermanentError, match="expected a column to learn from"):
        evaluate(write(tmp_path / "t.csv", ["currency", "seven", "empty", "acted"], rows), "acted")


def test_not_a_number_is_missing(tmp_path: Path) -> None:
    ages = ["nan", "inf", "-inf", "NaN", *range(196)]
    table = read_table(changed(tmp_path, "age", ages), "acted", None)
    names, numbers = encode(table.columns, np.arange(200))
    assert np.isfinite(numbers).all()
    assert numbers[:4, names.index("age missing")].tolist() == [1, 1, 1, 1]


def test_ten_thousand_different_words(tmp_path: Path) -> None:
    rows = [[f"word {number % 10_000}", f"note {number}", number % 2] for number in range(21_000)]
    table = read_table(write(tmp_path / "t.csv", ["word", "note", "acted"], rows), "acted", None)
    assert table.dropped == {"note": "names rows: too many different words"}
    names, numbers = encode(table.columns, np.arange(21_000))
    assert len(names) == LEVELS
    assert numbers.shape == (21_000, LEVELS)


def test_a_spreadsheet_with_semicolons(tmp_path: Path) -> None:
    lines = ["age;spent;acted", *(f"{20 + n % 50};{n % 7},{n % 10};{n % 2}" for n in range(100))]
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    table = read_table(str(tmp_path / "t.csv"), "acted", None)
    assert [column.name for column in table.columns] == ["age", "spent"]
    spent = table.columns[1].numbers
    assert spent is not None
    assert spent[:3].tolist() == [0.0, 1.1, 2.2]


def test_a_thousand_with_a_comma_is_not_one(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("spent,acted\n" + '"1,234",1\n7,0\n' * 5)
    column = read_table(str(tmp_path / "t.csv"), "acted", None).columns[0]
    assert (column.numbers, column.words) == (None, ["1,234", "7"] * 5)


def test_a_column_that_is_the_label(tmp_path: Path) -> None:
    rows = [[row[1], row[2], row[-1], row[-1]] for row in people(400)]
    report = evaluate(write(tmp_path / "t.csv", ["age", "plan", "copy", "acted"], rows), "acted", test_share=0.3)
    assert report.suspects == ["copy=yes"]
    ElementTree.fromstring(draw(report))  # noqa: S314 (our own)


def test_curves_by_hand() -> None:
    labels, said = np.array([1, 0, 1, 0]), np.array([0.9, 0.7, 0.7, 0.1])
    assert roc(labels, said) == [(0, 0), (0, 0.5), (0.5, 1), (1, 1)]
    assert gains(labels, said) == [(0, 0), (0.25, 0.5), (0.75, 1), (1, 1)]
    assert gained(gains(labels, said), 0.5) == pytest.approx(0.75)


def test_a_thinned_curve_holds_the_same_area() -> None:
    draws = np.random.default_rng(1)
    labels, said = draws.integers(0, 2, 5_000).astype(float), draws.random(5_000)
    points = np.array(roc(labels, said * (1 + labels)))
    assert len(points) <= 102
    assert np.trapezoid(points[:, 1], points[:, 0]) == pytest.approx(
        roc_auc_score(labels, said * (1 + labels)), abs=2e-3
    )


def test_segments_by_recency_frequency_and_monetary() -> None:
    names = ["age", "recency_days", "frequency", "monetary", "monetary missing"]
    assert rfm_columns(names) == [1, 2, 3]
    assert rfm_columns(["recency", "amount_a", "amount_b", "frequency"]) is None
    features = np.column_stack([np.zeros(100), np.arange(100), *[np.arange(100)[::-1]] * 2, np.zeros(100)])
    learned = Rows(names, features, (np.arange(100) < 20).astype(float), np.arange(100))
    said = rfm_probabilities(learned, features[[0, 50, 99]], [1, 2, 3])
    assert said[0] > 0.9 > 0.1 > said[1]
    assert said[1] == said[2]
