"""Conditional logit: the weights under which what was chosen is likeliest."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from scipy.optimize import minimize

from training.walks import Pool, Scores

LEAST = 0.05
"""No source is silenced: where all others have nothing to say, it must be heard."""

DIGITS = 6


def fit_weights(pools: Sequence[Pool], prior: Scores, strength: float, kept: AbstractSet[int] = frozenset()) -> Scores:
    """The weights w that maximise Σ log softmax(scores · w)[target] − strength / 2 · |w − prior|², none below `LEAST`.

    Those that are `kept` stay at the prior.

    D. McFadden, "Conditional logit analysis of qualitative choice behavior", 1974. The sum is concave: one maximum.
    """
    chosen = [pool for pool in pools if pool.target >= 0]
    if not chosen:
        return prior
    sizes = np.array([len(pool.scores) for pool in chosen])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    rows = np.concatenate([pool.scores for pool in chosen])
    targets = rows[starts + np.array([pool.target for pool in chosen])].sum(axis=0)

    def loss(weights: Scores) -> tuple[float, Scores]:
        utility = rows @ weights
        most = np.maximum.reduceat(utility, starts)
        likely = np.exp(utility - np.repeat(most, sizes))
        sums = np.add.reduceat(likely, starts)
        away = weights - prior
        value = (most + np.log(sums)).sum() - targets @ weights + strength / 2 * (away @ away)
        return float(value), (likely / np.repeat(sums, sizes)) @ rows - targets + strength * away

    bounds = [(at, at) if place in kept else (LEAST, None) for place, at in enumerate(prior.tolist())]
    found = minimize(loss, np.maximum(prior, LEAST), jac=True, method="L-BFGS-B", bounds=bounds)
    weights: Scores = found.x.round(DIGITS)
    return weights
