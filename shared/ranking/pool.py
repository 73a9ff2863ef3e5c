"""The pool: the best candidates that may be shown, for the stages that look at a list as a whole."""

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from shared.models.items import Item
from shared.ranking.exclude import why_withheld
from shared.ranking.scored import Scored
from shared.ranking.view import View

SPARE = 2
"""So many times the items asked for are looked at, so that what is withheld or too much alike can be left out."""

RULED = 200
"""Candidates that are looked at where rules change scores: one from far below may be lifted."""

UNMET = 10
"""Of the items that nobody has met, so many may be explored."""


class Pool(NamedTuple):
    """Candidates that may be shown, best first, and all that is known of items."""

    allowed: list[Scored]
    items: dict[str, Item]


async def gather(view: View) -> Pool:
    """Documents tell what may be shown, so these are read until there are enough."""
    pool = Pool([], dict(view.items))
    wanted = view.wish.number * SPARE
    step = max(wanted, RULED) if view.ruling.moves else wanted
    seen = 0
    while len(pool.allowed) < wanted and seen < view.ranking.reach(seen + step):
        await _add(view.ranking.best[seen : seen + step], pool, view)
        seen += step
    if unmet := view.proposed.unmet:
        below = (pair for pair in view.ranking.best[seen:] if pair[0] in unmet)
        await _add(list(islice(below, UNMET)), pool, view)
    if view.ruling.moves:
        pool.allowed.sort(key=lambda scored: (-scored.score, scored.item_id))
    return pool


async def _add(some: Sequence[tuple[str, float]], pool: Pool, view: View) -> None:
    """Put those that may be shown into the pool, with the score that rules make of them."""
    items = await view.reads.items([item_id for item_id, _ in some])
    pool.items.update(items)
    for item_id, total in some:
        item = items.get(item_id)
        if why_withheld(item, view.wish.filter, view.now):
            continue
        score, rule = min(round(total, 6), 1.0), ""
        if view.ruling:
            factor, rule = view.ruling.weigh(item or Item(item_id))
            score = round(score * factor, 6)
            if not factor:
                continue
        pool.allowed.append(Scored(item_id, score, rule))
