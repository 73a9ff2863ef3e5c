"""The index of session-kNN: of each item its latest sessions, in as many bytes as an item document can spare."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from shared.models.session_knn import Sessions, pack_sessions, steps
from shared.stores.ports import Warehouse
from training.queries import select

if TYPE_CHECKING:
    import pyarrow

Ints = npt.NDArray[np.int64]

SESSIONS = 50
"""Of an item so many are kept, the latest."""

ITEMS = 20
"""Of a session so many items: the one whose document it is, and those met the fewest steps before or after it."""

MOST_BYTES = 3_000
"""An item's sessions take. Where they would take more, the oldest are left out."""

MOST_NAMES = 256
NAME_BYTES, SESSION_BYTES = 3, 11
"""What a name takes besides its letters, and a session besides its items."""


class Index(NamedTuple):
    """Sessions of two items or more, the latest first.

    Attributes:
        item_ids: of all that was met in them.
        common: how many sessions have each of these, as documents tell it.
        items: of one session after the other what was met in it, in that order, as places in `item_ids`.
        met: at which step of its session each of these was met first.
        starts: of each session in `items`, and where the last one ends.
        numbers: of the sessions.
        latest: by item, which sessions are known of it, the latest first.
        total: how many sessions there are, as documents tell it.
    """

    item_ids: list[str]
    common: list[int]
    items: Ints
    met: Ints
    starts: Ints
    numbers: Ints
    latest: dict[str, list[int]]
    total: int

    def whole(self) -> dict[str, Sessions]:
        """By item all that is known of it, whatever room that takes."""
        numbers = self.numbers.tolist()
        places = [one.tolist() for one in np.split(self.items, self.starts[1:-1])]
        return {
            item_id: Sessions(
                self.total,
                self.item_ids,
                self.common,
                [numbers[one] for one in some],
                [places[one] for one in some],
            )
            for item_id, some in self.latest.items()
        }

    def packed(self, item_id: str) -> bytes:
        """What the item's document has room for; empty if nothing is known of it."""
        names: dict[int, int] = {}
        numbers: list[int] = []
        places: list[list[int]] = []
        size = 0
        for one in self.latest.get(item_id, ()):
            items = self._around(item_id, one)
            new = [item for item in items if item not in names]
            size += SESSION_BYTES + len(items) + sum(NAME_BYTES + len(self.item_ids[item].encode()) for item in new)
            if size > MOST_BYTES or len(names) + len(new) > MOST_NAMES:
                break
            names.update((item, place) for place, item in enumerate(new, len(names)))
            numbers.append(int(self.numbers[one]))
            places.append([names[item] for item in items])
        item_ids, common = [self.item_ids[item] for item in names], [self.common[item] for item in names]
        return pack_sessions(Sessions(self.total, item_ids, common, numbers, places)) if numbers else b""

    def _around(self, item_id: str, one: int) -> list[int]:
        """Of the session's items those around this one."""
        session = slice(self.starts[one], self.starts[one + 1])
        items: list[int] = self.items[session].tolist()
        if len(items) <= ITEMS:
            return items
        met: list[int] = self.met[session].tolist()
        at = next(place for item, place in zip(items, met, strict=True) if self.item_ids[item] == item_id)
        nearest = sorted(range(len(items)), key=lambda place: abs(met[place] - at))[:ITEMS]
        return [items[place] for place in sorted(nearest)]


NOTHING = np.zeros(0, np.int64)
NO_SESSIONS = Index([], [], NOTHING, NOTHING, NOTHING, NOTHING, {}, 0)


def read_sessions(warehouse: Warehouse, values: Mapping[str, object], sessions: int = SESSIONS) -> Index:
    """The sessions of what had happened by the cutoff, of each item so many."""
    return index_of(select(warehouse, "session_items", {**values, "sessions": sessions}))


def index_of(table: "pyarrow.Table") -> Index:
    """The index of rows of item_id, number, place, is_latest, sessions and total, the latest session first."""
    names = table["item_id"].combine_chunks().dictionary_encode()
    item_ids, items = names.dictionary.to_pylist(), names.indices.to_numpy()
    numbers, met, counts = (table[name].to_numpy() for name in ("number", "place", "sessions"))
    begins = np.diff(numbers, prepend=-1) != 0
    starts, session = np.flatnonzero(begins), np.cumsum(begins) - 1
    common = np.ones(len(item_ids), dtype=np.int64)
    common[items] = counts
    chosen = table["is_latest"].combine_chunks().to_numpy(zero_copy_only=False)
    latest: dict[str, list[int]] = {}
    for item, one in zip(items[chosen].tolist(), session[chosen].tolist(), strict=True):
        latest.setdefault(item_ids[item], []).append(one)
    return Index(
        item_ids,
        [steps(count) for count in common.tolist()],
        items,
        met,
        np.append(starts, len(items)),
        numbers[starts],
        latest,
        steps(table["total"][0].as_py()) if len(items) else 0,
    )
