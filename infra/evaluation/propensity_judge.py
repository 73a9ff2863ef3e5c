"""The learners of retrain on a table: what they say of rows that they have not seen."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from infra.evaluation.propensity_curves import gains, roc
from infra.evaluation.propensity_report import Driven, Judged
from infra.evaluation.propensity_rfm import rfm_columns, rfm_probabilities
from infra.evaluation.propensity_table import Floats, Ints, TableOfPeople, encode
from shared.errors import PermanentError, Problem
from training.metrics.calibration_error import curve
from training.propensity.arrays import SEED, Rows, folds_of, sigmoid
from training.propensity.audit import leaks, why_not
from training.propensity.drivers import Drive, strongest
from training.propensity.figures import figures_of
from training.propensity.learn import better, choose, fit_choice
from training.propensity.learners import BoostedLearner
from training.propensity.publishing import to_model

PUBLISHED = "published"
DRIVERS = 8

Said = dict[str, Floats]


class Plan(NamedTuple):
    """Which rows are judged by models of which, part by part, and that in words."""

    parts: list[tuple[Ints, Ints]]
    rule: str


def divide(table: TableOfPeople, folds: int, test_share: float | None, wanted: str) -> Plan:
    """The parts; stratified where they are drawn by chance (seeded)."""
    rows = _rows(table, np.arange(len(table.labels)))
    if table.chosen:
        here = np.array([word == wanted for word in table.chosen])
        plan = Plan([_part(here)], f"rows of {wanted} are judged by a model of the others")
    elif test_share is not None:
        if not 0 < test_share < 1:
            raise _refusal("test-share", "a share between 0 and 1", f"{test_share:g}")
        plan = Plan([_part(_drawn(table.labels, test_share))], f"{test_share:.0%}, drawn by chance, are judged")
    else:
        if folds < 2:
            raise _refusal("folds", "2 or more", f"{folds}")
        numbers = folds_of(rows, folds)
        plan = Plan(
            [_part(numbers == fold) for fold in range(folds)], f"{folds} folds, each judged by a model of the others"
        )
    for learned, judged in plan.parts:
        _check(_rows(table, learned).take(learned), len(judged))
    return plan


def judge_table(table: TableOfPeople, plan: Plan, advance: Callable[[], None]) -> Judged:
    """What all models say of the judged rows, measured; and what drives the one that would be published."""
    said: dict[str, list[Floats]] = {}
    names: Counter[str] = Counter()
    # On several threads partial sums come together in any order, and the last bits with them.
    with threadpool_limits(1):
        for learned, judged in plan.parts:
            rows = _rows(table, learned)
            name, found = _judge_part(rows.take(learned), rows.features[judged])
            names[name] += 1
            for model, probabilities in found.items():
                said.setdefault(model, []).append(probabilities)
            advance()
        every = np.concatenate([judged for _, judged in plan.parts])
        drives, settings = _drivers(table)
    labels, together = table.labels[every], {model: np.concatenate(parts) for model, parts in said.items()}
    return {
        "judged": len(every),
        "published": dict(names),
        "figures": {model: figures_of(labels, probabilities, every) for model, probabilities in together.items()},
        "curve": curve(labels, together[PUBLISHED]),
        "roc": {model: roc(labels, probabilities) for model, probabilities in together.items()},
        "gains": {model: gains(labels, probabilities) for model, probabilities in together.items()},
        "drivers": [Driven(drive.feature, drive.sign, drive.strength) for drive in drives],
        "learner": settings,
        "suspects": leaks(_rows(table, every)),
    }


def _judge_part(learned: Rows, features: Floats) -> tuple[str, Said]:
    choices = choose(learned)
    name = better(choices, learned)
    fits: Said = {each: fit_choice(choice, learned).probabilities(features) for each, choice in choices.items()}
    boosted = sigmoid(BoostedLearner().fit(learned).log_odds(features))
    base = np.full(len(features), learned.labels.mean())
    places = rfm_columns(learned.names)
    rfm = {"rfm": rfm_probabilities(learned, features, places)} if places else {}
    return name, {PUBLISHED: fits[name], **fits, "boosted": boosted, **rfm, "base": base}


def _drivers(table: TableOfPeople) -> tuple[list[Drive], dict[str, object]]:
    """Of the model of all rows."""
    rows = _rows(table, np.arange(len(table.labels)))
    choices = choose(rows)
    choice = choices[better(choices, rows)]
    model = to_model(fit_choice(choice, rows), rows, "", 0.0, 0.0)
    settings: dict[str, object] = {**choice.learner._asdict(), "calibration": choice.method}
    return strongest(model, rows, DRIVERS), settings


def _rows(table: TableOfPeople, learned: Ints) -> Rows:
    """All rows, made numbers by what those learned from tell."""
    names, features = encode(table.columns, learned)
    return Rows(names, features, table.labels, np.arange(len(table.labels)))


def _drawn(labels: Floats, share: float) -> "np.typing.NDArray[np.bool_]":
    """This share of those who have the label, and of the others."""
    draw, drawn = np.random.default_rng(SEED), np.zeros(len(labels), dtype=bool)
    for label in (0, 1):
        rows = draw.permutation(np.flatnonzero(labels == label))
        drawn[rows[: round(share * len(rows))]] = True
    return drawn


def _part(judged: "np.typing.NDArray[np.bool_]") -> tuple[Ints, Ints]:
    return np.flatnonzero(~judged), np.flatnonzero(judged)


def _check(learned: Rows, judged: int) -> None:
    if not judged or not len(learned.labels):
        raise _refusal("split", "rows to learn from and rows to judge", f"{len(learned.labels)} and {judged}")
    if (reason := why_not(learned)) and not leaks(learned):
        raise _refusal("table", "something to learn", reason)


def _refusal(field: str, expected: str, found: str) -> PermanentError:
    return PermanentError("nothing to judge", (Problem(field, expected, found),))
