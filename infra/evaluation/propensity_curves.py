"""How well probabilities put people into order, threshold by threshold; and how sure a share is."""

from math import sqrt

import numpy as np

from infra.evaluation.propensity_table import Floats
from training.propensity.arrays import ties

Points = list[tuple[float, float]]

STEPS = 100
"""A curve has at most so many points more than its ends."""

Z = 1.959964


def roc(labels: Floats, probabilities: Floats) -> Points:
    """By falling threshold: the share of those who did not act above it, and of those who did."""
    acted, others = (counts[::-1].cumsum() for counts in ties(labels, probabilities, np.ones_like(labels)))
    return _thinned(others / max(others[-1], 1), acted / max(acted[-1], 1))


def gains(labels: Floats, probabilities: Floats) -> Points:
    """By falling threshold: the share of all people above it, and of those who acted. The slope is the lift."""
    acted, others = (counts[::-1].cumsum() for counts in ties(labels, probabilities, np.ones_like(labels)))
    return _thinned((acted + others) / len(labels), acted / max(acted[-1], 1))


def gained(points: Points, share: float) -> float:
    """The share of those who acted among this share of the people, the likeliest first; of ties, some by chance.

    >>> gained([(0.0, 0.0), (0.5, 0.8), (1.0, 1.0)], 0.25)
    0.4
    """
    across, up = zip(*points, strict=True)
    return float(np.interp(share, across, up))


def wilson(share: float, number: int) -> tuple[float, float]:
    """The interval of 95 % for a share of so many. E. Wilson, "Probable Inference", JASA 1927.

    >>> [round(end, 3) for end in wilson(0.1, 100)]
    [0.055, 0.174]
    """
    middle = (share + Z * Z / (2 * number)) / (1 + Z * Z / number)
    half = Z / (1 + Z * Z / number) * sqrt(share * (1 - share) / number + Z * Z / (4 * number * number))
    return max(0.0, middle - half), min(1.0, middle + half)


def _thinned(across: Floats, up: Floats) -> Points:
    """Evenly along the curve, its ends included."""
    across, up = np.append(0.0, across), np.append(0.0, up)
    length = np.append(0.0, np.hypot(np.diff(across), np.diff(up)).cumsum())
    places = np.unique(np.searchsorted(length, np.linspace(0, length[-1], STEPS + 1)).clip(0, len(length) - 1))
    return [(round(float(across[place]), 6), round(float(up[place]), 6)) for place in places.tolist()]
