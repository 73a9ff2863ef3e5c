"""Item-to-item neighbours: which items are liked by the same people."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from implicit.nearest_neighbours import all_pairs_knn
from scipy.sparse import csr_matrix

from shared.models.items import COLLECTION, Neighbours, pack_neighbours
from shared.settings import Settings
from shared.stores.ports import Fields, Warehouse
from training.queries import select, terms
from training.results import Batch, Fitted, Refused, version_of

if TYPE_CHECKING:
    import pyarrow

ITEMS_PER_PERSON = 500
STRANGERS = 3
BATCH = 250
MILLION = 1_000_000
"""Similarities are told to the millionth."""

SPARE = 16
"""More neighbours are asked for than kept, because a tie at the end of the list is broken by item id."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Similar(NamedTuple):
    """Items, ascending, and the neighbours of all: item i's are at starts[i] to starts[i + 1], most similar first."""

    item_ids: list[str]
    starts: Ints
    neighbours: npt.NDArray[np.int32]
    similarities: Floats

    def of(self, item: int) -> Neighbours:
        """The neighbours of the item at this place."""
        part = slice(self.starts[item], self.starts[item + 1])
        names = [self.item_ids[neighbour] for neighbour in self.neighbours[part].tolist()]
        return list(zip(names, self.similarities[part].tolist(), strict=True))


def fit(warehouse: Warehouse, cutoff: datetime, settings: Settings) -> Fitted | Refused:
    """Neighbours by what people had shown interest in by the cutoff, and the category of every item that has one."""
    values = {**terms(cutoff, settings), "items_per_person": ITEMS_PER_PERSON}
    table = select(warehouse, "interactions", values)
    if not table.num_rows:
        return Refused("nobody has shown interest in an item")
    item_ids, matrix = read_matrix(table)
    similar = find_neighbours(item_ids, matrix, settings.neighbours)
    if not len(similar.neighbours):
        return Refused(f"no two of {len(item_ids):,} items have interested the same person")
    facts = select(warehouse, "item_facts", values)
    categories = dict(zip(facts["item_id"].to_pylist(), facts["category"].to_pylist(), strict=True))
    version = version_of(cutoff, _digest(similar, categories))
    told = {"people": matrix.shape[0], "items": len(item_ids), "interactions": table.num_rows}
    return Fitted(version, lambda: make_documents(similar, categories, version), told)


def read_matrix(table: "pyarrow.Table") -> tuple[list[str], csr_matrix]:
    """Item ids in ascending order, and the weights: one row a person, one column an item."""
    people = table["person"].combine_chunks().dictionary_encode()
    items = table["item_id"].combine_chunks().dictionary_encode()
    found = items.dictionary.to_pylist()
    order = sorted(range(len(found)), key=found.__getitem__)
    rank = np.empty(len(found), dtype=np.int32)
    rank[order] = np.arange(len(found), dtype=np.int32)
    places = people.indices.to_numpy(), rank[items.indices.to_numpy()]
    shape = len(people.dictionary), len(found)
    return [found[index] for index in order], csr_matrix((table["weight"].to_numpy(), places), shape)


def find_neighbours(item_ids: list[str], matrix: csr_matrix, n: int) -> Similar:
    """The n most similar items of each item, ties by item id."""
    table = all_pairs_knn(scale_columns(weigh_people(matrix)), n + 1 + SPARE, show_progress=False).tocsr()
    table.sort_indices()
    rows = np.repeat(np.arange(len(item_ids)), np.diff(table.indptr))
    millionths = (table.data * MILLION).round().astype(np.int64)
    kept = (rows != table.indices) & (millionths > 0)
    # One key for row and similarity sorts ten times as fast as two.
    order = np.argsort((rows[kept] << 20) - millionths[kept], kind="stable")
    rows, columns, millionths = (column[kept][order] for column in (rows, table.indices, millionths))
    best = np.arange(len(rows)) - np.searchsorted(rows, rows) < n
    starts = np.searchsorted(rows[best], np.arange(len(item_ids) + 1))
    return Similar(item_ids, starts, columns[best], millionths[best] / MILLION)


def weigh_people(matrix: csr_matrix) -> csr_matrix:
    """Each interest times log(1 + items / items of the person): the more a person likes, the less each says.

    After M. Deshpande, G. Karypis, "Item-Based Top-N Recommendation Algorithms", ACM TOIS 2004.
    """
    items_of = np.diff(matrix.indptr)
    factors = np.log1p(matrix.shape[1] / np.maximum(items_of, 1))
    return csr_matrix((matrix.data * np.repeat(factors, items_of), matrix.indices, matrix.indptr), matrix.shape)


def scale_columns(matrix: csr_matrix) -> csr_matrix:
    """Columns whose dot products are similarities in (0, 1): cosines, each item as if liked by a few more people.

    Those few (`STRANGERS`) like nothing else, so that two items of one common person are not alike for certain; the
    idea is that of R. Bell, Y. Koren, "Improved Neighborhood-based Collaborative Filtering", KDD Cup 2007.
    """
    squares = matrix.data**2
    lengths = np.bincount(matrix.indices, squares, matrix.shape[1]) + STRANGERS * squares.mean()
    return csr_matrix((matrix.data / np.sqrt(lengths)[matrix.indices], matrix.indices, matrix.indptr), matrix.shape)


def make_documents(similar: Similar, categories: Mapping[str, str], version: str) -> Iterator[Batch]:
    """Item documents. An item that has lost all neighbours keeps the old ones; what else is known of an item stays."""
    places = {item_id: place for place, item_id in enumerate(similar.item_ids)}
    known = sorted(places.keys() | categories.keys())
    for start in range(0, len(known), BATCH):
        batch: dict[str, Fields] = {}
        for item_id in known[start : start + BATCH]:
            neighbours = similar.of(places[item_id]) if item_id in places else []
            category = {"category": categories[item_id]} if item_id in categories else {}
            batch[item_id] = {
                "item_id": item_id,
                **category,
                **(pack_neighbours(neighbours, version) if neighbours else {}),
            }
        yield COLLECTION, batch


def _digest(similar: Similar, categories: Mapping[str, str]) -> str:
    digest = blake2b(digest_size=16)
    for text in (*similar.item_ids, *(part for pair in sorted(categories.items()) for part in pair)):
        digest.update(text.encode() + b"\0")
    for array in similar[1:]:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
