"""How probable it is that each of some Beta-distributed rates is the largest."""

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincinv

Floats = npt.NDArray[np.float64]

LEVELS = np.concatenate(([1e-9, 1e-6, 1e-4, 1e-3], np.linspace(0.005, 0.995, 67), 1 - 10.0 ** -np.arange(3.0, 10.0)))
"""Between these quantiles of each rate the integrand is taken to be straight."""

MOST_POINTS = 4_000
LEAST = 1e-300


def shares_of_best(alpha: Floats, beta: Floats) -> Floats:
    """P(rate i is the largest) for independent rates of Beta(alpha, beta); sums to 1.

    The integral of the product of all others' distribution functions over rate i's own, by the trapezoidal rule in
    its distribution function. To draw an item with this probability is to draw all rates and take the item of the
    largest: W. R. Thompson, "On the likelihood that one unknown probability exceeds another in view of the evidence of
    two samples", Biometrika 1933; O. Chapelle, L. Li, "An empirical evaluation of Thompson sampling", NIPS 2011.
    """
    points = np.unique(betaincinv(alpha[:, None], beta[:, None], LEVELS[None, :]))
    if len(points) > MOST_POINTS:
        points = points[np.linspace(0, len(points) - 1, MOST_POINTS).astype(np.int64)]
    below = betainc(alpha[:, None], beta[:, None], np.concatenate(([0.0], points, [1.0]))[None, :])
    logs = np.log(np.maximum(below, LEAST))
    others = np.exp(logs.sum(axis=0)[None, :] - logs)
    parts = (np.diff(below, axis=1) * (others[:, 1:] + others[:, :-1])).sum(axis=1)
    return np.asarray(parts / parts.sum(), dtype=np.float64)
