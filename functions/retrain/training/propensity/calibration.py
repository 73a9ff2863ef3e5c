"""From log-odds to probabilities: fitted on rows that the model had not seen, chosen by what it says of others."""

from typing import Literal, get_args

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from shared.models.propensity import Isotonic, Platt
from training.metrics.log_loss import log_loss
from training.propensity.arrays import Floats, Ints, sigmoid

Method = Literal["platt", "isotonic"]
METHODS: tuple[Method, ...] = get_args(Method)


def fit_calibration(log_odds: Floats, labels: Floats, method: Method) -> Platt | Isotonic:
    """The calibration of log-odds that a model has given to rows it was not fitted on."""
    if method == "platt":
        found = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(log_odds[:, None], labels)
        return Platt(float(found.coef_[0, 0]), float(found.intercept_[0]))
    # Nobody is certain to act because the few who were alike did: as if one more had not, and one had.
    least = 1 / (len(labels) + 2)
    monotone = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(log_odds, labels)
    return Isotonic(monotone.X_thresholds_.tolist(), monotone.y_thresholds_.tolist())


def calibrated(calibration: Platt | Isotonic, log_odds: Floats) -> Floats:
    """`shared.models.propensity.calibrate` for many."""
    if isinstance(calibration, Platt):
        return sigmoid(calibration.slope * log_odds + calibration.intercept)
    found: Floats = np.interp(log_odds, calibration.log_odds, calibration.probabilities)
    return found


def choose_calibration(log_odds: Floats, labels: Floats, folds: Ints) -> tuple[Method, Floats]:
    """The method with the least log loss, and its probabilities; each fold calibrated by the others."""
    by_method = {method: _across(log_odds, labels, folds, method) for method in METHODS}
    ones = np.ones_like(labels)
    best = min(METHODS, key=lambda method: log_loss(labels, by_method[method], ones))
    return best, by_method[best]


def _across(log_odds: Floats, labels: Floats, folds: Ints, method: Method) -> Floats:
    found = np.empty_like(log_odds)
    for fold in range(folds.max() + 1):
        here = folds == fold
        found[here] = calibrated(fit_calibration(log_odds[~here], labels[~here], method), log_odds[here])
    return found
