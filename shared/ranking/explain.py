"""Reasons: why an item is shown, in words for the person who sees it."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.models.items import Item
from shared.ranking.candidates import Source
from shared.ranking.score import Scored

REASONS: Mapping[Source, str] = {
    "neighbours": "because you viewed {because}",
    "category": "popular in {because}",
    "popularity": "popular with everyone",
}


class Recommendation(NamedTuple):
    """One line of an answer."""

    item_id: str
    score: float
    source: Source
    reason: str
    name: str | None
    category: str | None


def explain(scored: Scored, items: Mapping[str, Item]) -> Recommendation:
    """The recommendation with its reason; an item is called by its name where that is known."""
    item = items.get(scored.item_id)
    cause = items.get(scored.best.because)
    because = cause.name if cause is not None and cause.name else scored.best.because
    reason = REASONS[scored.best.source].format(because=because)
    source = scored.best.source
    return Recommendation(
        scored.item_id, scored.score, source, reason, item.name if item else None, item.category if item else None
    )
