"""Exploration: a place for what nobody has met, for what is never shown is never met.

Which of several such items gets it is drawn by chance, and the chance is told exactly: so what comes of it says
something of all of them.
"""

from collections.abc import Callable, Mapping, Sequence

from shared.ranking.scored import Scored

EVERY = 10
"""Shorter lists have no such place."""

NEARLY = 0.9
"""Of those proposed with this share of the first one's score or more, each gets its turn."""


def explore(ranked: Sequence[Scored], unmet: Mapping[str, float], n: int, draw: Callable[[int], int]) -> list[Scored]:
    """The list with its n-th place given to one of the best unmet items in it, unless one is above it anyway.

    Args:
        unmet: by item that nobody has met, how much it is like what the person likes.
        draw: a whole number from 0 to below its argument, each equally probable.
    """
    listed = list(ranked)
    if n < EVERY or not unmet or any(scored.item_id in unmet for scored in listed[:n]):
        return listed
    found = [scored for scored in listed if scored.item_id in unmet]
    if not found:
        return listed
    most = max(unmet[scored.item_id] for scored in found)
    best = [scored for scored in found if unmet[scored.item_id] >= NEARLY * most]
    chosen = best[draw(len(best))]
    rest = [scored for scored in listed if scored is not chosen]
    return [*rest[: n - 1], chosen._replace(probability=round(1 / len(best), 6)), *rest[n - 1 :]]
