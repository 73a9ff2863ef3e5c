"""The last stages: from the pool to the list that is shown."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from shared.models.items import Item
from shared.ranking.diversify import diversify
from shared.ranking.explore import explore
from shared.ranking.pool import Pool
from shared.ranking.scored import Scored
from shared.ranking.view import View
from shared.rules.ruling import Ruling


def arrange(view: View, pool: Pool, diversity: float, draw: Callable[[int], int]) -> list[Scored]:
    """What is shown, in its order."""
    n = view.wish.number
    varied = diversify(pool.allowed, pool.items, n, diversity)
    explored = explore(varied, view.proposed.unmet, n, draw)
    return fill(explored, pool.items, view.ruling, n)


def fill(ranked: Sequence[Scored], items: Mapping[str, Item], ruling: Ruling, n: int) -> list[Scored]:
    """The first n, with what rules have pinned at its places and without what is beyond their caps."""
    if not ruling.places:
        return list(ranked[:n])
    by_id = {scored.item_id: scored for scored in ranked}
    placed = islice(ruling.place(list(by_id), items), n)
    return [by_id[one.item_id]._replace(rule=one.rule) if one.rule else by_id[one.item_id] for one in placed]
