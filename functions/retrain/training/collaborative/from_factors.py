"""Item neighbours out of item factors, whoever has learned these: ALS, BPR, a job on many machines."""

import numpy as np
from threadpoolctl import threadpool_limits

from training.collaborative.dense import Floats, best_of_rows
from training.similarity import Similar


def neighbours_of_factors(item_ids: list[str], factors: Floats, n: int) -> Similar:
    """The n items of the highest cosine for each item, ties by item id; opposites and items without factors have none.

    Args:
        item_ids: in ascending order.
        factors: one row an item.
    """
    lengths = np.linalg.norm(factors, axis=1, keepdims=True)
    directions = (factors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    # On several threads partial sums come together in any order, and the last bits with them.
    with threadpool_limits(1):
        return best_of_rows(item_ids, lambda part: directions[part] @ directions.T, n)
