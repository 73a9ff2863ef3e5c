"""Learn propensities: both learners by cross-validation, and the better calibrated of them."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeVar

import numpy as np

from shared.models.propensity import Isotonic, Platt
from training.metrics.brier import brier
from training.metrics.calibration_error import calibration_error
from training.metrics.log_loss import log_loss, losses
from training.propensity.arrays import Floats, Ints, Rows, folds_of, sigmoid
from training.propensity.calibration import Method, calibrated, choose_calibration, fit_calibration
from training.propensity.design import BASES, Basis
from training.propensity.learners import BoostedLearner, Grown, Logistic, LogisticLearner, TreeLearner

Name = Literal["logistic", "tree"]
Learner = LogisticLearner | TreeLearner
L = TypeVar("L", LogisticLearner, TreeLearner)

FOLDS = 5
PENALTIES = (0.001, 0.01, 0.1, 1.0, 10.0)
LEAVES = (4, 8, 16, 32, 64)


class Choice(NamedTuple):
    """How to learn.

    Attributes:
        probabilities: of each row, by a model and a calibration that had not seen it.
    """

    learner: Learner
    method: Method
    probabilities: Floats


class Fit(NamedTuple):
    """A model and its calibration."""

    learned: Logistic | Grown
    calibration: Platt | Isotonic

    def probabilities(self, features: Floats) -> Floats:
        """Of each row."""
        return calibrated(self.calibration, self.learned.log_odds(features))


def choose(rows: Rows) -> dict[Name, Choice]:
    """How each learner does best on people whom it has not seen.

    The logistic regression's basis first, then its penalty. No class is weighed up, however rare: that ranks no better
    and makes wrong probabilities (R. van den Goorbergh, M. van Smeden, D. Timmerman, B. Van Calster, "The harm of class
    imbalance corrections for risk prediction models", JAMIA 2022).
    """
    folds = folds_of(rows, FOLDS)
    basis = _basis(rows, folds)
    lines = [LogisticLearner(basis, penalty) for penalty in PENALTIES]
    logistic = _best(rows, [(learner, hold_out(rows, folds, learner)) for learner in lines])
    tree = _best(rows, _hold_out_trees(rows, folds))
    return {"logistic": _choice(rows, folds, *logistic), "tree": _choice(rows, folds, *tree)}


def better(choices: dict[Name, Choice], rows: Rows) -> Name:
    """The one with the lower Brier score on rows not seen; of equals the one with the lower calibration error."""
    ones = np.ones_like(rows.labels)
    metrics = (brier, calibration_error)
    return min(choices, key=lambda name: [metric(rows.labels, choices[name].probabilities, ones) for metric in metrics])


def fit_choice(choice: Choice, rows: Rows) -> Fit:
    """The model of all these rows, calibrated by what models of parts of them say of the rest."""
    held_out = hold_out(rows, folds_of(rows, FOLDS), choice.learner)
    return Fit(choice.learner.fit(rows), fit_calibration(held_out, rows.labels, choice.method))


def hold_out(rows: Rows, folds: Ints, learner: Learner | BoostedLearner) -> Floats:
    """Log-odds of each fold by a model of the others."""
    found = np.empty_like(rows.labels)
    for fold in range(folds.max() + 1):
        here = folds == fold
        found[here] = learner.fit(rows.take(~here)).log_odds(rows.features[here])
    return found


def _basis(rows: Rows, folds: Ints) -> Basis:
    """Logarithms, for counts, times and amounts are skewed; another basis if it is better by over a standard error.

    The rule is that of Breiman et al., "Classification and Regression Trees", 1984, section 3.4.3. Without it, on some
    thousand rows, the choice would be the folds' luck. People are what varies, so the error is that of sums over each.
    """
    _, codes = np.unique(rows.people, return_inverse=True)
    by_basis = {basis: losses(rows.labels, sigmoid(hold_out(rows, folds, LogisticLearner(basis)))) for basis in BASES}
    chosen, most = BASES[0], 0.0
    for basis in BASES[1:]:
        gains = np.bincount(codes, by_basis[BASES[0]] - by_basis[basis])
        if gains.sum() > max(most, gains.std() * np.sqrt(len(gains))):
            chosen, most = basis, float(gains.sum())
    return chosen


def _hold_out_trees(rows: Rows, folds: Ints) -> list[tuple[TreeLearner, Floats]]:
    """Log-odds of each fold by trees of the others, of each size; one tree a fold says what the smaller ones would."""
    found = [(TreeLearner(leaves), np.empty_like(rows.labels)) for leaves in LEAVES]
    for fold in range(folds.max() + 1):
        here = folds == fold
        grown = TreeLearner(max(LEAVES)).fit(rows.take(~here))
        for (_, column), odds in zip(found, grown.log_odds_by_leaves(rows.features[here], LEAVES), strict=True):
            column[here] = odds
    return found


def _best(rows: Rows, tried: Sequence[tuple[L, Floats]]) -> tuple[L, Floats]:
    """The first of those with the least log loss, and its log-odds."""
    ones = np.ones_like(rows.labels)
    return min(tried, key=lambda each: log_loss(rows.labels, sigmoid(each[1]), ones))


def _choice(rows: Rows, folds: Ints, learner: Learner, held_out: Floats) -> Choice:
    method, probabilities = choose_calibration(held_out, rows.labels, folds)
    return Choice(learner, method, probabilities)
