"""Diversity: a list should not say the same thing ten times.

Maximal marginal relevance (J. Carbonell, J. Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering
Documents and Producing Summaries", SIGIR 1998): next comes the item with the largest
(1 − strength) · score / best score − strength · likeness to the most like one above it.
"""

from collections.abc import Mapping, Sequence

from shared.models.items import Item
from shared.ranking.scored import Scored

Labels = frozenset[str]


def diversify(ranked: Sequence[Scored], items: Mapping[str, Item], n: int, strength: float) -> list[Scored]:
    """The n best by marginal relevance, then all others as they were. Strength is in [0, 1); 0 changes nothing."""
    if not strength or len(ranked) < 3:
        return list(ranked)
    best = ranked[0].score or 1.0
    labels = [labels_of(items.get(scored.item_id)) for scored in ranked]
    near = [items[scored.item_id].neighbours if scored.item_id in items else {} for scored in ranked]
    left = {place: (1.0 - strength) * scored.score / best for place, scored in enumerate(ranked)}
    likest = dict.fromkeys(left, 0.0)
    chosen: list[int] = []
    while left and len(chosen) < n:
        last = max(left, key=lambda place: (left[place] - strength * likest[place], -place))
        del left[last]
        chosen.append(last)
        item_id, own, around = ranked[last].item_id, labels[last], near[last]
        for place in left:
            likeness = max(
                around.get(ranked[place].item_id, 0.0), near[place].get(item_id, 0.0), overlap(own, labels[place])
            )
            if likeness > likest[place]:
                likest[place] = likeness
    return [ranked[place] for place in (*chosen, *sorted(left))]


def labels_of(item: Item | None) -> Labels:
    """The item's category and tags."""
    if item is None:
        return frozenset()
    return frozenset((*item.tags, f"category {item.category}") if item.category else item.tags)


def overlap(one: Labels, other: Labels) -> float:
    """Jaccard's index: labels in common / labels of either, 0 where one has none."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0
