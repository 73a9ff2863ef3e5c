"""Who is interested in what, and how much: the matrix that every learner learns from."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from shared.profiles.profile import CAPS
from shared.ranking.candidates import ANCHORS, FADE, LEAST
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.queries import select, terms

if TYPE_CHECKING:
    import pyarrow

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

ITEMS_PER_PERSON = 500


class Matrix(NamedTuple):
    """One row a person, one column an item.

    Attributes:
        people: keys, in the order of the rows.
        item_ids: in ascending order, as the columns.
        weights: roots of interest.
        histories: the items that speak for the person, with their weight: what a learner is asked with.
        last_ms: of each person the last act, in milliseconds since 1970.
    """

    people: list[str]
    item_ids: list[str]
    weights: csr_matrix
    histories: csr_matrix
    last_ms: Ints


def read_matrix(warehouse: Warehouse, cutoff: datetime, settings: Settings) -> Matrix:
    """What people had shown interest in by the cutoff."""
    values = {**terms(cutoff, settings), "items_per_person": ITEMS_PER_PERSON}
    return matrix_of(select(warehouse, "interactions", values))


def matrix_of(table: "pyarrow.Table") -> Matrix:
    """The matrix of rows of person, item_id, weight, last_ms and place."""
    people = table["person"].combine_chunks().dictionary_encode()
    items = table["item_id"].combine_chunks().dictionary_encode()
    found = items.dictionary.to_pylist()
    order = sorted(range(len(found)), key=found.__getitem__)
    rank = np.empty(len(found), dtype=np.int32)
    rank[order] = np.arange(len(found), dtype=np.int32)
    rows, columns = people.indices.to_numpy().astype(np.int64), rank[items.indices.to_numpy()]
    shape = len(people.dictionary), len(found)
    weights, places = table["weight"].to_numpy(), table["place"].to_numpy()
    spoken = anchor_weights(rows, weights**2, places)
    kept = spoken > 0
    last_ms = np.zeros(shape[0], dtype=np.int64)
    last_ms[rows] = table["last_ms"].to_numpy()
    return Matrix(
        people.dictionary.to_pylist(),
        [found[index] for index in order],
        csr_matrix((weights, (rows, columns)), shape),
        csr_matrix((spoken[kept], (rows[kept], columns[kept])), shape),
        last_ms,
    )


def anchor_weights(rows: Ints, interest: Doubles, places: Ints) -> Doubles:
    """What `shared.ranking.candidates.anchors` makes of acts: weights in [0, 1]; 0: does not speak for the person.

    Args:
        rows: whose each is, as a number.
        interest: in the item.
        places: how many other items they have met since.
    """
    most = np.zeros(rows.max(initial=-1) + 1)
    np.maximum.at(most, rows, interest)
    relative = (interest / np.where(most > 0, most, 1)[rows]).clip(min=LEAST)
    found: Doubles = np.sqrt(relative) * 2.0 ** (-places.clip(max=CAPS["recent"]) / FADE)
    found[interest < 0] = 0
    order = np.lexsort((-found, rows))
    found[order[np.arange(len(rows)) - np.searchsorted(rows[order], rows[order]) >= ANCHORS]] = 0
    return found
