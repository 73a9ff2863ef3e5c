"""Diversity: a list should not say the same thing ten times.

Maximal marginal relevance (J. Carbonell, J. Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering
Documents and Producing Summaries", SIGIR 1998): next comes the item with the largest
(1 − strength) · score / best score − strength · likeness to the most like one above it.
"""

from collections.abc import Mapping, Sequence
from heapq import heappop, heapreplace

from shared.models.items import Item
from shared.ranking.scored import Scored


def diversify(ranked: Sequence[Scored], items: Mapping[str, Item], n: int, strength: float) -> list[Scored]:
    """The n best by marginal relevance, then all others as they were. Strength is in [0, 1); 0 changes nothing.

    `ranked` is best first. What is found of an item's likeness only grows with the list above it, so only those that
    lead are compared (lazy greedy: M. Minoux, "Accelerated greedy algorithms for maximizing submodular set functions",
    1978).
    """
    if not strength or len(ranked) < 3:
        return list(ranked)
    scale = (1.0 - strength) / (ranked[0].score or 1.0)
    known = [items.get(scored.item_id) or Item(scored.item_id) for scored in ranked]
    likest = [0.0] * len(ranked)
    leading = [(-scale * scored.score, place, 0) for place, scored in enumerate(ranked)]  # sorted: a heap
    chosen: list[int] = []
    while leading and len(chosen) < n:
        cost, place, compared = leading[0]
        second = min(leading[1:3], default=leading[0])[0]
        if compared == len(chosen) or cost + strength * (1.0 - likest[place]) <= second:  # whatever is like it above
            heappop(leading)
            chosen.append(place)
            continue
        for other in chosen[compared:]:
            likest[place] = max(likest[place], likeness(known[place], known[other]))
            if likest[place] >= 1.0:
                break
        cost = strength * likest[place] - scale * ranked[place].score
        heapreplace(leading, (cost, place, len(chosen)))
    above = set(chosen)
    return [*(ranked[place] for place in chosen), *(one for place, one in enumerate(ranked) if place not in above)]


def likeness(one: Item, other: Item) -> float:
    """In [0, 1]: as neighbours, or by what they have in common of category and tags (Jaccard's index)."""
    common = len(one.labels & other.labels)
    overlap = common / (len(one.labels) + len(other.labels) - common) if common else 0.0
    return max(one.neighbours.get(other.item_id, 0.0), other.neighbours.get(one.item_id, 0.0), overlap)
