"""Exploration: a place for what nobody has met, for what is never shown is never met."""

from collections.abc import Mapping, Sequence

Ranked = list[tuple[str, float]]

EVERY = 10
"""Shorter lists have no such place."""


def explore(ranked: Ranked, proposed: Sequence[tuple[str, float]], unmet: Mapping[str, float], n: int) -> Ranked:
    """The ranking, its n-th place given to the unmet item that is proposed first, unless one is above it anyway.

    So one item in ten at most is there for its own sake, and it stands last.
    """
    if n < EVERY or not unmet or any(item_id in unmet for item_id, _ in ranked[:n]):
        return ranked
    chosen = next((item_id for item_id, _ in proposed if item_id in unmet), None)
    place = next((place for place, (item_id, _) in enumerate(ranked) if item_id == chosen), None)
    if place is None:
        return ranked
    return [*ranked[: n - 1], ranked[place], *ranked[n - 1 : place], *ranked[place + 1 :]]
