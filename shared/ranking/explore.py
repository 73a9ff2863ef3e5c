"""Exploration: a place for what nobody has met, for what is never shown is never met."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

Ranked = list[tuple[str, float]]

EVERY = 10
"""Shorter lists have no such place."""

NEARLY = 0.9
"""Of those proposed with this share of the first one's score or more, each gets its turn."""


class Exploration(NamedTuple):
    """The items that nobody has met, the place that one of them may get, and a number that says whose turn it is."""

    unmet: Mapping[str, float]
    n: int
    turn: int


def explore(ranked: Ranked, proposed: Sequence[tuple[str, float]], exploration: Exploration) -> Ranked:
    """The ranking with its n-th place given to one of the best unmet items proposed, unless one is above it anyway.

    So one item in ten at most is there for its own sake, and it stands last.
    """
    unmet, n, turn = exploration
    if n < EVERY or not unmet or any(item_id in unmet for item_id, _ in ranked[:n]):
        return ranked
    found = [pair for pair in proposed if pair[0] in unmet]
    best = [item_id for item_id, score in found if score >= NEARLY * found[0][1]]
    if not best:
        return ranked
    chosen = best[turn % len(best)]
    place = next(place for place, (item_id, _) in enumerate(ranked) if item_id == chosen)
    return [*ranked[: n - 1], ranked[place], *ranked[n - 1 : place], *ranked[place + 1 :]]
