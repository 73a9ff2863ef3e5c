"""Which items are liked by the same people: cosine between the columns of people's interests, with two corrections."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from implicit.nearest_neighbours import all_pairs_knn
from scipy.sparse import csr_matrix

from shared.models.relations import Ranking

STRANGERS = 3
MILLION = 1_000_000
"""Similarities are told to the millionth."""

SPARE = 16
"""More neighbours are asked for than kept: a tie at the end of the list goes to the first by id. Of a longer tie the
library chooses, the same each time."""


class Similar(NamedTuple):
    """Items, ascending, and the neighbours of all: item i's are at starts[i] to starts[i + 1], most similar first."""

    item_ids: list[str]
    starts: npt.NDArray[np.int64]
    neighbours: npt.NDArray[np.int32]
    similarities: npt.NDArray[np.float64]

    def of(self, item: int) -> Ranking:
        """The neighbours of the item at this place."""
        part = slice(self.starts[item], self.starts[item + 1])
        names = [self.item_ids[neighbour] for neighbour in self.neighbours[part].tolist()]
        return list(zip(names, self.similarities[part].tolist(), strict=True))


def find_neighbours(item_ids: list[str], matrix: csr_matrix, n: int) -> Similar:
    """The n most similar items of each item, ties by item id."""
    found = all_pairs_knn(scale_columns(weigh_people(matrix)), n + 1 + SPARE, show_progress=False)
    return best_of(item_ids, found.tocsr(), n)


def best_of(item_ids: list[str], table: csr_matrix, n: int) -> Similar:
    """The n most similar items of each row's item, ties by item id. Similarities are in [0, 1]; nought is none."""
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
