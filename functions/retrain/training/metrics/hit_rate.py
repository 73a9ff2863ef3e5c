"""Hit: whether the target is in the list. Its mean over predictions is the hit rate, HR@n for lists of n."""

from collections.abc import Sequence


def hit(shown: Sequence[str], target: str) -> float:
    """1 if the target was shown, else 0. With one target a list this is also its recall.

    M. Deshpande, G. Karypis, "Item-Based Top-N Recommendation Algorithms", ACM TOIS 2004 (there: hit-rate, HR).

    >>> hit(["a", "b"], "b"), hit(["a", "b"], "c"), hit([], "c")
    (1.0, 0.0, 0.0)
    """
    return float(target in shown)
