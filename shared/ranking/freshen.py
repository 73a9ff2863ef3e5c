"""Freshness: what has just come out counts for more, and less so day by day."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from shared.models.items import Item
from shared.ranking.scored import Scored

HALF = timedelta(days=7)
"""After so long it counts for half as much more."""


def freshen(ranked: Sequence[Scored], items: Mapping[str, Item], strength: float, now: datetime) -> list[Scored]:
    """By score · (1 + strength · 2^(−age / 7 days)), best first, ties as they were. Strength is in [0, 1].

    An item of which nobody has said when it came out has no freshness; one that comes out later has that of its day.
    """
    if not strength:
        return list(ranked)
    fresher = [_fresher(scored, items.get(scored.item_id), strength, now) for scored in ranked]
    return sorted(fresher, key=attrgetter("score"), reverse=True) if fresher != ranked else fresher


def _fresher(scored: Scored, item: Item | None, strength: float, now: datetime) -> Scored:
    if item is None or item.published_at is None:
        return scored
    age = max(now - item.published_at, timedelta())
    return scored._replace(score=round(scored.score * (1.0 + strength * 2.0 ** (-(age / HALF))), 6))
