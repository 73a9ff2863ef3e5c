"""The later part of what is trained on: people about to meet an item that is new to them, and what they had done."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from shared.profiles.profile import CAPS
from shared.ranking.candidates import ANCHORS, FADE, LEAST
from shared.stores.ports import Warehouse
from training.queries import select

if TYPE_CHECKING:
    import pyarrow

MOMENTS = 1_500
MOMENTS_OF_ONE = 10
"""Of a person so many at most, so that nobody decides alone."""

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


class Moments(NamedTuple):
    """One row a moment, one column an item of the catalogue; of each moment something is known.

    Attributes:
        people: whose moment it is, as a number.
        targets: the column of the item that came next.
        whole: roots of interest, as in the matrix that is learned from.
        recent: the items that speak for the person on the hot path, with their weight there (`anchors`).
        met: 1 for what had been acted on: it is not proposed.
    """

    people: Ints
    targets: Ints
    whole: csr_matrix
    recent: csr_matrix
    met: csr_matrix

    def __len__(self) -> int:
        return len(self.targets)


def read_moments(warehouse: Warehouse, values: Mapping[str, object], item_ids: list[str]) -> Moments:
    """The moments after `edge_ms` whose item the catalogue has."""
    given = {**values, "most": MOMENTS, "of_one": MOMENTS_OF_ONE}
    asked, known = select(warehouse, "moments", given), select(warehouse, "histories", given)
    places = {item_id: place for place, item_id in enumerate(item_ids)}
    targets = {
        (row["person"], row["number"]): places[row["item_id"]] for row in asked.to_pylist() if row["item_id"] in places
    }
    keys, rows = _groups(known)
    columns = _columns(known, places)
    weights, since = (known[name].to_numpy().astype(float) for name in ("weight", "place"))
    anchors = _anchors(rows, weights, since)
    shape = len(keys), len(item_ids)

    def table(data: Doubles) -> csr_matrix:
        kept = (columns >= 0) & (data > 0)
        return csr_matrix((data[kept], (rows[kept], columns[kept])), shape)

    whole = table(np.sqrt(weights.clip(min=0)))
    chosen = [row for row, key in enumerate(keys) if key in targets and whole.indptr[row] < whole.indptr[row + 1]]
    _, people = np.unique([keys[row][0] for row in chosen], return_inverse=True)
    asked_for = np.array([targets[keys[row]] for row in chosen], dtype=np.int64)
    return Moments(people, asked_for, whole[chosen], table(anchors)[chosen], table(np.ones(len(rows)))[chosen])


def _groups(table: "pyarrow.Table") -> tuple[list[tuple[str, int]], Ints]:
    """The moments, and for each row which of them it is about; rows of one moment come together."""
    people = table["person"].combine_chunks().dictionary_encode()
    codes, numbers = people.indices.to_numpy(), table["number"].to_numpy()
    if not len(codes):
        return [], np.empty(0, np.int64)
    is_new = np.concatenate([[True], (codes[1:] != codes[:-1]) | (numbers[1:] != numbers[:-1])])
    first = np.flatnonzero(is_new)
    names = people.dictionary.to_pylist()
    keys = [(names[code], number) for code, number in zip(codes[first], numbers[first].tolist(), strict=True)]
    return keys, np.cumsum(is_new) - 1


def _columns(table: "pyarrow.Table", places: Mapping[str, int]) -> Ints:
    """The catalogue's columns of the rows; −1 for items that it does not have."""
    items = table["item_id"].combine_chunks().dictionary_encode()
    column_of = np.array([places.get(item_id, -1) for item_id in items.dictionary.to_pylist()], dtype=np.int64)
    found: Ints = column_of[items.indices.to_numpy()] if len(items) else np.empty(0, np.int64)
    return found


def _anchors(rows: Ints, weights: Doubles, since: Doubles) -> Doubles:
    """What `shared.ranking.candidates.anchors` makes of the same acts; 0 for what does not speak for the person."""
    most = np.zeros(rows.max(initial=-1) + 1)
    np.maximum.at(most, rows, weights)
    relative = (weights / np.where(most > 0, most, 1)[rows]).clip(min=LEAST)
    found: Doubles = np.sqrt(relative) * 2.0 ** (-since.clip(max=CAPS["recent"]) / FADE)
    found[weights < 0] = 0
    order = np.lexsort((-found, rows))
    found[order[np.arange(len(rows)) - np.searchsorted(rows, rows) >= ANCHORS]] = 0
    return found
