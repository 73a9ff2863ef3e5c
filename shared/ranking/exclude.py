"""Exclusion: what must not come back."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from shared.models.items import Item
from shared.ranking.score import Scored


def drop_withdrawn(ranked: Iterable[Scored], items: Mapping[str, Item], now: datetime) -> Iterator[Scored]:
    """Those whose item is neither hidden nor expired."""
    return (scored for scored in ranked if scored.item_id not in items or not is_withdrawn(items[scored.item_id], now))


def is_withdrawn(item: Item, now: datetime) -> bool:
    """Whether the catalogue wants the item shown no more."""
    return item.hidden or (item.expires_at is not None and item.expires_at <= now)
