"""The later part of what is trained on: people about to meet an item that is new to them, and what they had done."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from shared.stores.ports import Warehouse
from training.collaborative.matrix import Doubles, Ints, anchor_weights
from training.queries import select

if TYPE_CHECKING:
    import pyarrow

MOMENTS = 1_000
MOMENTS_OF_ONE = 10
"""Of a person so many at most, so that nobody decides alone."""


class Moments(NamedTuple):
    """One row a moment, one column an item of the catalogue; of each moment something is known.

    Attributes:
        people: whose moment it is, as a number.
        targets: the column of the item that came next.
        histories: the items that speak for the person, with their weight, as on the hot path (`anchors`).
        met: 1 for what had been acted on: it is not proposed.
    """

    people: Ints
    targets: Ints
    histories: csr_matrix
    met: csr_matrix

    def __len__(self) -> int:
        return len(self.targets)


def read_moments(warehouse: Warehouse, values: Mapping[str, object], item_ids: list[str]) -> Moments:
    """The moments after `edge_ms` whose item the catalogue has."""
    given = {**values, "most": MOMENTS, "of_one": MOMENTS_OF_ONE}
    known = select(warehouse, "histories", given)
    places = {item_id: place for place, item_id in enumerate(item_ids)}
    moments, rows = _groups(known)
    columns, targets = (_columns(known[name], places) for name in ("item_id", "target_id"))
    interest, since = (known[name].to_numpy() for name in ("weight", "place"))
    spoken = anchor_weights(rows, interest, since)
    shape = len(moments), len(item_ids)

    def table(data: Doubles) -> csr_matrix:
        kept = (columns >= 0) & (data > 0)
        return csr_matrix((data[kept], (rows[kept], columns[kept])), shape)

    histories = table(spoken)
    chosen = np.flatnonzero((np.diff(histories.indptr) > 0) & (targets[moments] >= 0))
    people = known["person"].combine_chunks().dictionary_encode().indices.to_numpy()[moments[chosen]]
    return Moments(people, targets[moments[chosen]], histories[chosen], table(np.ones(len(rows)))[chosen])


def _groups(table: "pyarrow.Table") -> tuple[Ints, Ints]:
    """The first row of each moment, and for each row which moment it is about; rows of one moment come together."""
    codes = table["person"].combine_chunks().dictionary_encode().indices.to_numpy()
    numbers = table["number"].to_numpy()
    is_new = np.ones(len(codes), dtype=bool)
    is_new[1:] = (codes[1:] != codes[:-1]) | (numbers[1:] != numbers[:-1])
    return np.flatnonzero(is_new), np.cumsum(is_new) - 1


def _columns(names: "pyarrow.ChunkedArray", places: Mapping[str, int]) -> Ints:
    """The catalogue's columns of the items; −1 for those that it does not have."""
    items = names.combine_chunks().dictionary_encode()
    column_of = np.array([places.get(item_id, -1) for item_id in items.dictionary.to_pylist()], dtype=np.int64)
    found: Ints = column_of[items.indices.to_numpy()] if len(items) else np.empty(0, np.int64)
    return found
