"""The pictures of evaluations in a real browser: nothing is cut off, no words lie on others, light and dark differ."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from infra.evaluation import picture, propensity_picture
from infra.evaluation.figures import Crowd, Round, measure
from infra.evaluation.predict import Predicted
from infra.evaluation.propensity_curves import gains, roc
from infra.evaluation.propensity_report import Driven, PropensityReport
from infra.evaluation.report import Fold, Judgement, Report
from tests.browser.window import Window
from training.metrics.calibration_error import curve
from training.propensity.figures import figures_of

MODELS = [
    "attune",
    "neighbours",
    "next",
    "category",
    "trending",
    "popularity",
    "session-kNN",
    "user-kNN",
    "ALS",
    "EASE^R",
]
LONG = "a rather long name of a column that a table of people may well have=a long word"

TEXTS = """
const all = [...document.querySelectorAll('text')].map(one => [one.textContent, one.getBoundingClientRect()]);
return all.map(([words, r]) => [words, r.left, r.top, r.right, r.bottom]);
"""
SIZE = "const r = document.documentElement.getBoundingClientRect(); return [r.width, r.height];"
GROUND = "return getComputedStyle(document.querySelector('rect')).fill;"


def ranking() -> str:
    """Models that hit more or less often, in three folds."""
    draw = np.random.default_rng(1)
    catalogue = [f"i{number}" for number in range(200)]

    def shown(place: int, target: str) -> list[str]:
        rest = draw.choice(catalogue, 9).tolist()
        return [*rest[: draw.integers(9)], target, *rest][:10] if draw.random() < 0.7 - place / 15 else rest

    rounds = []
    for _ in range(3):
        predicted = []
        for number in range(80):
            target = catalogue[number]
            lists = {name: shown(place, target) for place, name in enumerate([*MODELS, "repeat last", "random"])}
            lists["silent"] = []
            predicted.append(Predicted(f"p{number // 3}", target, frozenset(), {"all": lists, "novel": lists}))
        rounds.append(Round(predicted, Crowd(80, {}, 200)))
    rule = "trained on the first 80% of the sessions by start, 812 of 1,015, each to its end: 3 of their 5,114 events"
    fold = Fold(rule=rule, training_events=5_114, catalogue=200, left_out=3, possible=80, predictions=80, trained={})
    report = Report(
        input="a shop with a name that goes on and on.csv.gz",
        licence="a licence as long as those of data sets usually are: somebody, somewhere, some year, as packaged",
        events=6_000,
        refused=0,
        repeated=0,
        split="sessions:0.8",
        rule=rule,
        repeats="collapse",
        training_events=5_114,
        catalogue=200,
        left_out=9,
        possible=240,
        predictions=240,
        folds=[fold] * 3,
        judgement=Judgement({}, {protocol: measure(rounds, protocol) for protocol in ("all", "novel")}),
        seconds=1.0,
    )
    return picture.draw(report)


def propensity() -> str:
    """A rare act, eight drivers with long names."""
    draw = np.random.default_rng(2)
    odds = draw.normal(-3, 1.5, 3_000)
    labels = (draw.random(3_000) < 1 / (1 + np.exp(-odds))).astype(float)
    said = {
        name: 1 / (1 + np.exp(-odds - draw.normal(0, noise, 3_000)))
        for name, noise in (("published", 0.1), ("logistic", 0.1), ("tree", 1.0), ("boosted", 0.5), ("rfm", 2.0))
    } | {"base": np.full(3_000, labels.mean())}
    report = PropensityReport(
        table="/somewhere/a table with a long name.csv",
        label="churned = yes, of course",
        rows=3_000,
        share=float(labels.mean()),
        dropped={},
        split="10 folds, each judged by a model of the others",
        judged=3_000,
        published={"logistic": 9, "tree": 1},
        figures={name: figures_of(labels, one, np.arange(3_000)) for name, one in said.items()},
        curve=curve(labels, said["published"]),
        drivers=[Driven(f"{number} {LONG}", "+−±"[number % 3], 2.0 / (1 + number)) for number in range(8)],
        learner={},
        suspects=[LONG, f"{LONG} again"],
        roc={name: roc(labels, one) for name, one in said.items()},
        gains={name: gains(labels, one) for name, one in said.items()},
        unlabelled=0,
        seconds=1.0,
    )
    return propensity_picture.draw(report)


@pytest.mark.parametrize("made", [ranking, propensity], ids=lambda made: made.__name__)
def test_words_are_whole_and_by_themselves(window: Window, tmp_path: Path, made: object) -> None:
    path = tmp_path / "picture.svg"
    path.write_text(made(), encoding="utf-8")  # type: ignore[operator]
    window.driver.get(path.as_uri())
    width, height = window.run(SIZE)
    texts = window.run(TEXTS)
    assert len(texts) > 40
    for words, left, top, right, bottom in texts:
        assert left >= 0 <= top, words
        assert right <= width, words
        assert bottom <= height, words
    for one, other in combinations(texts, 2):
        across = min(one[3], other[3]) - max(one[1], other[1])
        down = min(one[4], other[4]) - max(one[2], other[2])
        assert across <= 0.5 or down <= 3, f"{one[0]} lies on {other[0]}"  # a line's box is taller than its letters


def test_light_and_dark_have_palettes_of_their_own(window: Window, tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    path.write_text(propensity(), encoding="utf-8")
    grounds = []
    for scheme in ("light", "dark"):
        features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        window.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
        window.driver.get(path.as_uri())
        grounds.append(window.run(GROUND))
    window.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert grounds == ["rgb(255, 255, 255)", "rgb(18, 23, 30)"]
