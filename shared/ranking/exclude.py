"""Exclusion: what must not come back."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from shared.models.items import Item
from shared.profiles.memory import item_mark
from shared.ranking.candidates import Candidate
from shared.ranking.score import Scored


def drop_met(candidates: Iterable[Candidate], marks: AbstractSet[bytes]) -> Iterator[Candidate]:
    """Those whose item the person has not seen, bought or dismissed. Before scoring: a source's share goes to its best
    candidate, and that should be one that can be shown."""
    return (candidate for candidate in candidates if item_mark(candidate.item_id) not in marks)


def drop_withdrawn(ranked: Iterable[Scored], items: Mapping[str, Item], now: datetime) -> Iterator[Scored]:
    """Those whose item is neither hidden nor expired."""
    return (scored for scored in ranked if scored.item_id not in items or not is_withdrawn(items[scored.item_id], now))


def is_withdrawn(item: Item, now: datetime) -> bool:
    """Whether the catalogue wants the item shown no more."""
    return item.hidden or (item.expires_at is not None and item.expires_at <= now)
