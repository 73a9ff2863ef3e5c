"""Item documents: the facts of an item, with the time each was stated at, and its relations as the models have them."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from sys import intern
from typing import Literal

import msgspec
from msgspec import UNSET

from shared.errors import ConflictError, RetryableError
from shared.models.facts import FACTS, ItemFacts
from shared.models.relations import SLOTS, Ranking, Slot, unpack_relations
from shared.models.session_knn import Sessions, unpack_sessions
from shared.profiles.profile import to_ms
from shared.stores.ports import ABSENT, Documents, Fields, Value

COLLECTION = "items"
FACTS_AT = "facts_at"
"""Fact → when what the document says of it was stated, in milliseconds since 1970; also of a fact that was cleared."""

ATTEMPTS = 8
PAUSE_S = 0.01

Folded = Literal["new", "applied", "known"]
"""What became of stated facts: `new` when nothing was known of the item, `known` when the document says them already,
or something newer."""


class Item(msgspec.Struct, frozen=True, dict=True):
    """An item as the hot path sees it. Its neighbours are in the order of their similarity, the nearest first."""

    item_id: str
    name: str | None = None
    category: str | None = None
    hidden: bool = False
    neighbours: Mapping[str, float] = {}
    expires_at: datetime | None = None
    next: Ranking = []
    ways: Mapping[str, tuple[float, Ranking]] = {}
    alike: Ranking = []
    unmet: Ranking = []
    brand: str | None = None
    tags: Sequence[str] = ()
    price: float | None = None
    availability: str | None = None
    published_at: datetime | None = None
    repeatable: bool = False
    currency: str | None = None
    url: str | None = None
    image_url: str | None = None
    packed_sessions: bytes = b""

    @cached_property
    def labels(self) -> frozenset[str]:
        """Its category and its tags."""
        return frozenset((*self.tags, f"category {self.category}") if self.category else self.tags)

    @cached_property
    def nearest(self) -> float:
        """The similarity of its nearest neighbour; 0 where it has none."""
        return next(iter(self.neighbours.values()), 0.0)

    @cached_property
    def sessions(self) -> Sessions:
        """The latest that have it. Most items are never asked for them."""
        return unpack_sessions(self.packed_sessions)


_order = msgspec.json.Encoder().encode


def unpack_item(item_id: str, fields: Fields, slot: Slot = SLOTS[0]) -> Item:
    """The item of its document, related to others as this slot has it."""
    relations = unpack_relations(fields, slot)
    price, tags = fields.get("price"), fields.get("tags")
    return Item(
        item_id,
        _text(fields.get("name")),
        _text(fields.get("category")),
        fields.get("hidden") is True,
        {intern(other): similarity for other, similarity in relations.neighbours},
        _time(fields.get("expires_at")),
        relations.next,
        relations.ways,
        relations.alike,
        relations.unmet,
        _text(fields.get("brand")),
        tags if isinstance(tags, list) else (),
        float(price) if isinstance(price, int | float) else None,
        _text(fields.get("availability")),
        _time(fields.get("published_at")),
        fields.get("repeatable") is True,
        _text(fields.get("currency")),
        _text(fields.get("url")),
        _text(fields.get("image_url")),
        relations.sessions,
    )


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _time(value: Value) -> datetime | None:
    return value if isinstance(value, datetime) else None


def fold_facts(fields: Fields, facts: ItemFacts) -> dict[str, Value]:
    """The fields that the facts change. Of each fact the newest statement counts; of equals the one whose JSON is last.

    So neither order nor repetition of statements matters: each fact is the maximum over (time, JSON) of what was said.
    """
    known = fields.get(FACTS_AT)
    stated_at: dict[str, float] = dict(known) if isinstance(known, dict) else {}
    at_ms = to_ms(facts.stated_at) if facts.stated_at else 0
    changes: dict[str, Value] = {}
    for name in FACTS:
        value = getattr(facts, name)
        if value is UNSET:
            continue
        if (at_ms, _order(value)) > (stated_at.get(name, float("-inf")), _order(fields.get(name))):
            changes[name] = list(value) if isinstance(value, tuple) else value
            stated_at[name] = at_ms
    return {**changes, FACTS_AT: stated_at} if changes else {}


async def store_facts(documents: Documents, facts: ItemFacts) -> Folded:
    """Fold the facts into their item's document. Durable when it returns. Raises RetryableError.

    By compare-and-set, for retrain writes the relations into the same documents and other facts come at the same time.
    """
    for attempt in range(ATTEMPTS):
        document = await documents.get(COLLECTION, facts.item_id)
        fields: Fields = document.fields if document else {"item_id": facts.item_id}
        changes = fold_facts(fields, facts)
        if not changes:
            return "known"
        try:
            await documents.put(
                COLLECTION, facts.item_id, {**fields, **changes}, document.version if document else ABSENT
            )
        except ConflictError:
            await asyncio.sleep(random.uniform(0, PAUSE_S * 2**attempt))
        else:
            return "applied" if document else "new"
    raise RetryableError(f"an item was written by others {ATTEMPTS} times while facts were folded into it")
