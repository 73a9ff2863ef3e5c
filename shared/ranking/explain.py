"""Reasons: why an item is shown, in words for the person who sees it."""

from collections.abc import Mapping

import msgspec

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
    "sessions": "seen in visits like yours",
    "catalogue": "from our catalogue",
    "rule": "chosen for you",
    "exploration": "worth a try",
}


class Recommendation(msgspec.Struct, frozen=True):
    """One line of an answer: what was decided of the item, and what a page needs to show it, as far as it is known."""

    item_id: str
    score: float
    source: Source
    reason: str
    rule: str | None
    probability: float
    name: str | None = None
    category: str | None = None
    url: str | None = None
    image_url: str | None = None
    price: float | None = None
    currency: str | None = None


def explain(scored: Scored, source: Source, because: str, items: Mapping[str, Item]) -> Recommendation:
    """The recommendation with its reason; an item is called by its name where that is known."""
    item, cause = items.get(scored.item_id), items.get(because)
    reason = REASONS[source].format(because=cause.name if cause is not None and cause.name else because)
    facts = (item.name, item.category, item.url, item.image_url, item.price, item.currency) if item else ()
    return Recommendation(scored.item_id, scored.score, source, reason, scored.rule or None, scored.probability, *facts)
