"""Exclusion: what must not come back."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from shared.models.items import Item
from shared.profiles import memory
from shared.profiles.profile import Profile
from shared.ranking.score import Scored


def barred(profile: Profile, may_return: bool) -> set[int]:
    """Numbers of the items not to be shown: those bought, dismissed or met last; all met, unless they may return."""
    if not may_return:
        return profile.excluded
    last = {memory.item_number(profile.recent[-1].item_id)} if profile.recent else set()
    return memory.met(profile.purchased, profile.dismissed) | last


def drop_withdrawn(ranked: Iterable[Scored], items: Mapping[str, Item], now: datetime) -> Iterator[Scored]:
    """Those whose item is neither hidden nor expired."""
    return (scored for scored in ranked if scored.item_id not in items or not is_withdrawn(items[scored.item_id], now))


def is_withdrawn(item: Item, now: datetime) -> bool:
    """Whether the catalogue wants the item shown no more."""
    return item.hidden or (item.expires_at is not None and item.expires_at <= now)
