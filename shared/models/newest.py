"""The newest items of the catalogue: what can be shown before anything has been trained."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from shared.errors import RetryableError
from shared.models.items import COLLECTION, FACTS_AT, Item, unpack_item
from shared.profiles.profile import to_ms
from shared.stores.ports import Documents, Fields

MOST = 500
"""Item documents that are looked at. Of a larger catalogue that is a part by chance: documents lie in no order."""

RETRY = timedelta(seconds=1)


class Newest:
    """Items as an instance last saw them, the newest first.

    They are looked at only while somebody asks, and again after a while: it takes a second at most, and a shop that has
    been trained for never asks.
    """

    def __init__(self, documents: Documents, refresh: timedelta, clock: Callable[[], datetime]):
        self._documents = documents
        self._refresh = refresh
        self._clock = clock
        self._items: Sequence[Item] = ()
        self._due: datetime | None = None
        self._looking: asyncio.Task[None] | None = None

    async def get(self) -> Sequence[Item]:
        """The items; while the store is away, those that were there before. Whoever waits may stop waiting."""
        if self._due is None or self._clock() >= self._due:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            await asyncio.shield(self._looking)
        return self._items

    async def _look(self) -> None:
        try:
            self._items = await self._read()
            self._due = self._clock() + self._refresh
        except RetryableError:
            self._due = self._clock() + RETRY

    async def _read(self) -> Sequence[Item]:
        found: list[tuple[float, str, Item]] = []
        async for key, document in self._documents.scan(COLLECTION):
            item_id = document.fields.get("item_id", key)
            if isinstance(item_id, str):
                found.append((-_came_at_ms(document.fields), item_id, unpack_item(item_id, document.fields)))
            if len(found) == MOST:
                break
        return [item for *_, item in sorted(found, key=lambda entry: entry[:2])]


def _came_at_ms(fields: Fields) -> float:
    """When it came out, else when anything was stated of it last."""
    published_at, stated_at = fields.get("published_at"), fields.get(FACTS_AT)
    if isinstance(published_at, datetime):
        return to_ms(published_at)
    return max(stated_at.values(), default=0.0) if isinstance(stated_at, dict) else 0.0
