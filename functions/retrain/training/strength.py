"""How much of what people went to would have been shown, and how strongly the quality of items should count in that."""

from collections.abc import Mapping, Sequence

import numpy as np

from shared.models.blend import Context
from training.walks import Moment, Pool, Scores

N = 10

STRENGTHS = (0.5, 1.0, 2.0)
"""Powers of relative quality that are tried beside 0, at which it does not count."""


def choose_strength(moments: Sequence[Moment], weights: Mapping[Context, Scores], may_return: bool) -> float:
    """The strength that shows most of what people went to; 0 unless it shows more by more than its standard error."""
    before, best = gains(moments, weights, may_return), (0.0, 0.0)
    for strength in STRENGTHS:
        more = gains(moments, weights, may_return, strength) - before
        if is_more(more) and float(more.mean()) > best[0]:
            best = float(more.mean()), strength
    return best[1]


def is_more(differences: Scores) -> bool:
    """Whether their mean is above 0 by more than its standard error."""
    return bool(differences.mean() > differences.std() / np.sqrt(len(differences)))


def tell_more(differences: Scores) -> str:
    """The same in words."""
    error = float(differences.std() / np.sqrt(len(differences)))
    return f"NDCG@{N} {differences.mean():+.4f}, standard error {error:.4f}"


def gains(
    moments: Sequence[Moment], weights: Mapping[Context, Scores], may_return: bool, strength: float = 0.0
) -> Scores:
    """NDCG of the first places, by moment."""
    return np.array([gain(moment.pools[may_return], weights[moment.context], strength) for moment in moments])


def gain(pool: Pool, weights: Scores, strength: float = 0.0) -> float:
    """1 / log2(1 + place) of the target, 0 if it is not among the first."""
    if pool.target < 0:
        return 0.0
    totals = pool.scores @ weights
    if strength and pool.quality is not None:
        totals = totals * pool.quality**strength
    totals = totals.round(9)
    better = totals > totals[pool.target]
    equal = totals[: pool.target] == totals[pool.target]
    place = 1 + int(better.sum()) + int(equal.sum())
    return float(1 / np.log2(1 + place)) if place <= N else 0.0
