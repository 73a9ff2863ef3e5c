"""Why, or why not: one item's way through the stages, until it falls out or is shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.models.items import Item
from shared.ranking.arrange import Tuning, arrange, vary
from shared.ranking.exclude import why_unwanted, why_withheld
from shared.ranking.explore import probabilities
from shared.ranking.pool import gather
from shared.ranking.view import View

Stage = dict[str, Any]

LIKELY = 0.5
"""Where chance decides, an item counts as shown if that is as likely as not."""


async def walk(view: View, item_id: str, tuning: Tuning, shown_limit: int) -> dict[str, Any]:
    """Each stage with whether the item passed it, and what it said."""
    wish, proposed, ranking = view.wish, view.proposed, view.ranking
    sources = {source: scores[item_id] for source, scores in proposed.scores.items() if item_id in scores}
    stages: list[Stage] = [_stage("candidates", bool(sources), {"sources": sources})]
    item = (await view.reads.items([item_id])).get(item_id)
    facts = item or Item(item_id)
    reason = why_unwanted(view.profile, wish, view.live.blend.may_return, view.now, shown_limit, facts)
    stages.append(_stage("exclude", not reason, {"reason": reason}))
    ranking.extend()
    place = next((place for place, (known, _) in enumerate(ranking.best, 1) if known == item_id), None)
    if place is not None:
        told = {"place": place, "of": len(ranking.best), "score": round(ranking.best[place - 1][1], 6)}
        stages.append(_stage("score", True, told))
    withheld = why_withheld(item, wish.filter, view.now)
    stages.append(_stage("catalogue", not withheld, {"reason": withheld, "known": item is not None}))
    factor, rule = view.ruling.weigh(facts)
    stages.append(_stage("rules", bool(factor), {"rule": rule, "factor": factor, "hold": view.ruling.names}))
    pool = await gather(view, tries=tuning.exploration > 0.0)
    near = [one.item_id for one in pool.allowed]
    stages.append(_stage("pool", item_id in near, {"place": _place(near, item_id), "of": len(near)}))
    varied = [one.item_id for one in vary(view, pool, tuning)]
    at = _place(varied, item_id)
    strengths = {"freshness": tuning.freshness, "diversity": tuning.diversity}
    stages.append(_stage("diversify", at is not None, {"place": at, **strengths}))
    arranged = arrange(view, pool, tuning)
    filled = [one.item_id for one in arranged.listed]
    stages.append(_stage("fill", item_id in filled, {"place": _place(filled, item_id), "n": wish.number}))
    probability = probabilities(*arranged).get(item_id, 0.0)
    stages.append(_stage("explore", probability > 0.0, {"probability": probability}))
    is_shown = probability >= LIKELY
    return {
        "item_id": item_id,
        "shown": is_shown,
        "probability": probability,
        "fell_out_at": None if is_shown else next((one["stage"] for one in stages if not one["passed"]), "explore"),
        "stages": stages,
        "degraded": view.reads.is_away,
    }


def _stage(name: str, passed: bool, told: Mapping[str, Any]) -> Stage:
    return {"stage": name, "passed": passed, **told}


def _place(ids: Sequence[str], item_id: str) -> int | None:
    return ids.index(item_id) + 1 if item_id in ids else None
