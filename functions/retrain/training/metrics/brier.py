"""Brier score: the mean squared error of a probability."""

import numpy as np

from training.propensity.arrays import Floats


def brier(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """The weighted mean of (probability - label)²; 0 is best.

    G. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 1950.
    """
    return float(np.average((probabilities - labels) ** 2, weights=weights))
