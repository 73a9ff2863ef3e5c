"""Log loss: how surprised one is who believed the probabilities."""

import numpy as np

from training.propensity.arrays import Floats

LEAST = 1e-15


def log_loss(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """The weighted mean of -log of what was given to what happened.

    I. Good, "Rational Decisions", Journal of the Royal Statistical Society B 1952.
    """
    return float(np.average(losses(labels, probabilities), weights=weights))


def losses(labels: Floats, probabilities: Floats) -> Floats:
    """The surprise of each row."""
    found: Floats = -np.log(np.clip(np.where(labels > 0, probabilities, 1 - probabilities), LEAST, 1))
    return found
