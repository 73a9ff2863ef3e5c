"""Sampled metrics: the target among a few items drawn by chance, as many papers have it.

For comparison with these only: they favour other models than a ranking of the whole catalogue does (W. Krichene,
S. Rendle, "On Sampled Metrics for Item Recommendation", KDD 2020).
"""

from collections.abc import Collection, Sequence
from random import Random

NEGATIVES = 99
"""As in X. He, L. Liao, H. Zhang, L. Nie, X. Hu, T.-S. Chua, "Neural Collaborative Filtering", WWW 2017."""

MOST = 500
"""Predictions that are also judged this way."""

DEPTH, PART = 1_000, 8
"""So many items a model is asked for, or that part of the catalogue: among them are ten of those drawn."""

SEED = 42


def draw(catalogue: Sequence[str], target: str, met: Collection[str], name: str) -> list[str]:
    """The target and others that the person has not met, in any order; by a seed of this name."""
    chance = Random(f"drawn {SEED} {name}")
    unwanted = {target, *met}
    # More than are needed, for some of them are unwanted: cheaper than to filter the catalogue each time.
    some = chance.sample(catalogue, min(len(catalogue), NEGATIVES + len(unwanted)))
    drawn = [target, *[item_id for item_id in some if item_id not in unwanted][:NEGATIVES]]
    chance.shuffle(drawn)
    return drawn


def top(ranking: Sequence[str], drawn: Sequence[str], n: int) -> list[str]:
    """The first n of those drawn, in the order of the ranking; what it does not name comes last, in the order drawn.

    A model that has nothing to say says nothing.
    """
    left, found = set(drawn), list[str]()
    for item_id in ranking:
        if len(found) == n or not left:
            break
        if item_id in left:
            left.discard(item_id)
            found.append(item_id)
    if not ranking:
        return []
    return [*found, *(item_id for item_id in drawn if item_id in left)][:n]
