"""The last stages: from the pool to the list that is shown."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from math import ceil
from typing import NamedTuple

from shared.models.items import Item
from shared.ranking.diversify import diversify
from shared.ranking.freshen import freshen
from shared.ranking.pool import Pool
from shared.ranking.scored import Scored
from shared.ranking.view import View
from shared.rules.ruling import Ruling


class Tuning(NamedTuple):
    """Strengths of freshness and diversity; share of the places at which items are tried; a number from 0 to below 1,
    by chance."""

    freshness: float
    diversity: float
    exploration: float
    draw: Callable[[], float]


class Arranged(NamedTuple):
    """The list as it is without chance; what rules have pinned there; what may be tried, and at how many places.

    Trying comes after filling: a pin or a cap that moved what was drawn would change how probable it is.
    """

    listed: list[Scored]
    pinned: AbstractSet[str]
    tried: Mapping[str, float]
    number: float


def arrange(view: View, pool: Pool, tuning: Tuning) -> Arranged:
    """What is shown, in its order, but for what is tried."""
    n, ruling = view.wish.number, view.ruling
    varied = vary(view, pool, tuning)
    listed, pinned = fill(varied, pool.items, ruling, n)
    number = round(tuning.exploration * n, 9)
    tried: Mapping[str, float] = pool.tried
    if tried and ruling.places:
        shown = (pool.items[one.item_id] for one in listed if one.item_id in pool.items)
        has_room = ruling.rooms(shown, ceil(number))
        tried = {item_id: weight for item_id, weight in tried.items() if has_room(pool.items[item_id])}
    return Arranged(listed, pinned, tried, number)


def vary(view: View, pool: Pool, tuning: Tuning) -> list[Scored]:
    """The pool, what is fresh and unlike what stands above it further up."""
    fresher = freshen(pool.allowed, pool.items, tuning.freshness, view.now)
    return diversify(fresher, pool.items, view.wish.number, tuning.diversity)


def fill(
    ranked: Sequence[Scored], items: Mapping[str, Item], ruling: Ruling, n: int
) -> tuple[list[Scored], AbstractSet[str]]:
    """The first n, with what rules have pinned at its places and without what is beyond their caps; what was pinned."""
    if not ruling.places:
        return list(ranked[:n]), frozenset()
    by_id = {scored.item_id: scored for scored in ranked}
    placed = list(islice(ruling.place(list(by_id), items), n))
    filled = [by_id[one.item_id]._replace(rule=one.rule) if one.rule else by_id[one.item_id] for one in placed]
    return filled, {one.item_id for one in placed if one.rule}
