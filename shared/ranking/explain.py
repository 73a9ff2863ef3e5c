"""Reasons: why an item is shown, in words for the person who sees it."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.models.blend import Source
from shared.models.items import Item
from shared.ranking.scored import Scored

REASONS: Mapping[Source, str] = {
    "neighbours": "because you viewed {because}",
    "next": "next step for people who viewed {because}",
    "category": "popular in {because}",
    "trending": "popular these days",
    "popularity": "popular with everyone",
    "persona": "popular with people like you",
    "return": "you looked at it before",
    "content": "new, and like {because}",
    "catalogue": "from our catalogue",
    "rule": "chosen for you",
}


class Recommendation(NamedTuple):
    """One line of an answer."""

    item_id: str
    score: float
    source: Source
    reason: str
    name: str | None
    category: str | None
    rule: str | None
    probability: float


def explain(scored: Scored, because: str, items: Mapping[str, Item]) -> Recommendation:
    """The recommendation with its reason; an item is called by its name where that is known."""
    item, cause = items.get(scored.item_id), items.get(because)
    reason = REASONS[scored.source].format(because=cause.name if cause is not None and cause.name else because)
    name, category = (item.name, item.category) if item else (None, None)
    return Recommendation(
        scored.item_id, scored.score, scored.source, reason, name, category, scored.rule or None, scored.probability
    )
