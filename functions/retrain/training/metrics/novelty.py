"""Novelty: how little known the shown items are."""

from collections.abc import Iterable, Mapping, Sequence
from math import log2, nan


def novelty(lists: Iterable[Sequence[str]], met_by: Mapping[str, int], people: int) -> float:
    """Mean over everything shown of -log2(share of people who have met the item), in bits: 0 if all of them have.

    T. Zhou, Z. Kuscsik, J.-G. Liu, M. Medo, J. Wakeling, Y.-C. Zhang, "Solving the apparent diversity-accuracy dilemma
    of recommender systems", PNAS 2010 (there: surprisal). An item that nobody has met counts as met by one.

    >>> novelty([["a", "b"], ["b"]], {"a": 1, "b": 4}, people=8)
    1.6666666666666667
    """
    bits = [log2(people / max(met_by.get(item_id, 0), 1)) for shown in lists for item_id in shown]
    return sum(bits) / len(bits) if bits else nan
