"""Exclusion: what must not come back, checked before and after the item documents are read."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from shared.models.items import Item
from shared.profiles.memory import item_mark
from shared.ranking.score import Scored


def drop_met(ranked: Iterable[Scored], marks: AbstractSet[bytes]) -> Iterator[Scored]:
    """Those whose item the person has not seen, bought or dismissed."""
    return (scored for scored in ranked if item_mark(scored.item_id) not in marks)


def drop_hidden(ranked: Iterable[Scored], items: Mapping[str, Item]) -> Iterator[Scored]:
    """Those whose item is not hidden."""
    return (scored for scored in ranked if scored.item_id not in items or not items[scored.item_id].hidden)
