"""Reciprocal rank: a hit counts less the further down it is, by its place. Its mean over predictions is MRR."""

from collections.abc import Sequence


def reciprocal_rank(shown: Sequence[str], target: str) -> float:
    """1 / place of the target in the list, 0 if it is not there.

    E. Voorhees, "The TREC-8 Question Answering Track Report", TREC 1999.

    >>> reciprocal_rank(["a", "b", "c", "d"], "d"), reciprocal_rank(["a", "b"], "d")
    (0.25, 0.0)
    """
    return 1.0 / (1 + shown.index(target)) if target in shown else 0.0
