"""NDCG: a hit counts less the further down it is, by the logarithm of its place."""

from collections.abc import Sequence
from math import log2


def ndcg(shown: Sequence[str], target: str) -> float:
    """1 / log2(1 + place) of the target in the list, 0 if it is not there.

    K. Järvelin, J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 2002. The only relevant
    item is the target, so the ideal list has it first and a gain of 1: nothing is left to divide by.

    >>> ndcg(["a", "b", "c"], "a"), ndcg(["a", "b", "c"], "c"), ndcg(["a", "b", "c"], "d")
    (1.0, 0.5, 0.0)
    """
    return 1.0 / log2(2 + shown.index(target)) if target in shown else 0.0
