"""The pool: the best candidates that may be shown, for the stages that look at a list as a whole."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.models.items import Item
from shared.profiles.memory import item_number
from shared.ranking.exclude import why_withheld
from shared.ranking.scored import Scored
from shared.ranking.tried import weigh_tried
from shared.ranking.view import View

SPARE = 2
"""So many times the items asked for are looked at, so that what is withheld or too much alike can be left out."""

RULED = 200
"""Candidates that are looked at where rules change scores: one from far below may be lifted."""


class Pool(NamedTuple):
    """Candidates that may be shown, best first; what else may be tried, with its weight; all that is known of items."""

    allowed: list[Scored]
    tried: dict[str, float]
    items: dict[str, Item]


async def gather(view: View, *, tries: bool) -> Pool:
    """Documents tell what may be shown, so these are read until there are enough; and those of what may be tried."""
    pool = Pool([], {}, dict(view.items))
    wanted = view.wish.number * SPARE
    step = max(wanted, RULED) if view.ruling.moves else wanted
    seen = 0
    while len(pool.allowed) < wanted and seen < view.ranking.reach(seen + step):
        await _add(view.ranking.best[seen : seen + step], pool, view)
        seen += step
    if tries:
        await _add_tried(weigh_tried(view), pool, view)
    if view.ruling.moves:
        pool.allowed.sort(key=lambda scored: (-scored.score, scored.item_id))
    return pool


async def _add(some: Sequence[tuple[str, float]], pool: Pool, view: View) -> None:
    """Put those that may be shown into the pool, with the score that rules make of them."""
    items = await view.reads.items([item_id for item_id, _ in some])
    pool.items.update(items)
    wanted, now, bought, ruling = view.wish.filter, view.now, view.bought, view.ruling
    is_ruled, is_away = bool(ruling), view.reads.is_away
    for item_id, total in some:
        item = items.get(item_id)
        if item is None and is_away:  # who knows whether it is hidden
            continue
        if why_withheld(item, wanted, now, bool(bought) and item_number(item_id) in bought):
            continue
        score, rule = min(round(total, 6), 1.0), ""
        if is_ruled:
            factor, rule = ruling.weigh(item or Item(item_id))
            score = round(score * factor, 6)
            if not factor:
                continue
        pool.allowed.append(Scored(item_id, score, rule))


async def _add_tried(weights: Mapping[str, float], pool: Pool, view: View) -> None:
    """Only what is known may be tried, for what could be hidden or gone is not to be shown by chance."""
    if not weights:
        return
    pool.items.update(await view.reads.items([item_id for item_id in weights if item_id not in pool.items]))
    for item_id, weight in weights.items():
        item = pool.items.get(item_id)
        if item is None or why_withheld(item, view.wish.filter, view.now, item_number(item_id) in view.bought):
            continue
        if not view.ruling or view.ruling.weigh(item).factor:
            pool.tried[item_id] = weight
