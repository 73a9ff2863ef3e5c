"""Item documents as an instance remembers them: each is read once, and again after a while."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from shared.models.items import COLLECTION, Item, unpack_item
from shared.models.relations import SLOTS, Slot
from shared.stores.ports import Documents


class Catalogue:
    """Items by id; a bounded memory in front of the store. Unknown items are remembered as such."""

    def __init__(self, documents: Documents, size: int, refresh: timedelta, clock: Callable[[], datetime]):
        self._documents = documents
        self._size = size
        self._refresh = refresh
        self._clock = clock
        self._items: dict[str, tuple[Item | None, datetime]] = {}
        self._slot: Slot = SLOTS[0]

    async def get(self, item_ids: Iterable[str]) -> dict[str, Item]:
        """Those of the items that exist; what is not remembered is read in one round trip. May raise RetryableError."""
        now, wanted = self._clock(), set(item_ids)
        missing = [
            item_id for item_id in sorted(wanted) if item_id not in self._items or self._items[item_id][1] <= now
        ]
        held = {item_id: self._items[item_id][0] for item_id in wanted.difference(missing)}
        if missing:
            read = await self._documents.get_many(COLLECTION, missing)
            fresh = {key: unpack_item(key, read[key].fields, self._slot) if key in read else None for key in missing}
            held |= fresh
            self._remember(fresh, now + self._refresh)
        return {item_id: item for item_id, item in held.items() if item is not None}

    def expect(self, items: Iterable[Item]) -> None:
        """Remember these for when the store is away; otherwise they are read when first asked for."""
        self._remember({item.item_id: item for item in items}, self._clock())

    def fresh(self, item_ids: Iterable[str]) -> dict[str, Item] | None:
        """Those of the items that exist, if all of them are remembered and none is out of date; else None."""
        now, found = self._clock(), {}
        for item_id in item_ids:
            remembered = self._items.get(item_id)
            if remembered is None or remembered[1] <= now:
                return None
            if remembered[0] is not None:
                found[item_id] = remembered[0]
        return found

    def turn(self, slot: Slot) -> None:
        """The model has changed: read everything again when next asked for, relations from this slot."""
        self._slot = slot
        self._items = {item_id: (item, self._clock()) for item_id, (item, _) in self._items.items()}

    def held(self, item_ids: Iterable[str]) -> dict[str, Item]:
        """Those of the items that are remembered, however old: for when the store is away."""
        found = ((item_id, self._items[item_id][0]) for item_id in item_ids if item_id in self._items)
        return {item_id: item for item_id, item in found if item is not None}

    def _remember(self, fresh: Mapping[str, Item | None], until: datetime) -> None:
        for item_id, item in fresh.items():
            self._items.pop(item_id, None)
            self._items[item_id] = (item, until)
        while len(self._items) > self._size:
            del self._items[next(iter(self._items))]
