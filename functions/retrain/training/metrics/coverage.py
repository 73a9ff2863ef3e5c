"""Coverage: how much of the catalogue anybody gets to see."""

from collections.abc import Iterable, Sequence
from math import nan


def coverage(lists: Iterable[Sequence[str]], catalogue: int) -> float:
    """The share of the catalogue's items that are on at least one list; it grows with the number of lists.

    M. Ge, C. Delgado-Battenfeld, D. Jannach, "Beyond Accuracy: Evaluating Recommender Systems by Coverage and
    Serendipity", RecSys 2010 (there: catalog coverage).

    >>> coverage([["a", "b"], ["b", "c"]], catalogue=12)
    0.25
    """
    return len({item_id for shown in lists for item_id in shown}) / catalogue if catalogue else nan
