"""The best of a table of all pairs of items that is too large to be in memory at once."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from training.similarity import SPARE, Similar, best_of

Floats = npt.NDArray[np.float32]

BLOCK_BYTES = 32_000_000

Rows = Callable[[slice], Floats]
"""The similarities of these items to all. What is below 0 is no similarity."""


def best_of_rows(item_ids: list[str], rows: Rows, n: int) -> Similar:
    """The n most similar items of each item, ties by item id. `item_ids` are in ascending order.

    Where similarities are more than 1, all are told relative to the greatest.
    """
    items = len(item_ids)
    most = min(items, n + 1 + SPARE)
    size = max(1, BLOCK_BYTES // (4 * items))
    columns = np.empty((items, most), np.int32)
    values = np.empty((items, most), np.float32)
    for start in range(0, items, size):
        part = slice(start, min(start + size, items))
        block = rows(part)
        columns[part] = np.argpartition(block, items - most, axis=1)[:, items - most :]
        values[part] = np.take_along_axis(block, columns[part], axis=1)
    starts = np.arange(0, items * most + 1, most)
    values /= max(values.max(), np.float32(1))
    return best_of(item_ids, csr_matrix((values.ravel(), columns.ravel(), starts), (items, items)), n)
