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


def weights_of_factors(item_ids: list[str], factors: Floats, regularization: float, n: int) -> Similar:
    """The n items that each item says most for when somebody new is folded in: y_i' (Y'Y + regularization · I)⁻¹ y_j.

    So ALS explains what it recommends: Y. Hu, Y. Koren, C. Volinsky, "Collaborative Filtering for Implicit Feedback
    Datasets", ICDM 2008, section 5. Unlike the cosine it knows which items are liked by many.
    """
    exact = factors.astype(np.float64)
    with threadpool_limits(1, "blas"):
        inverse = np.linalg.inv(exact.T @ exact + regularization * np.eye(factors.shape[1]))
        folded = (exact @ np.linalg.cholesky(inverse)).astype(np.float32)
        return best_of_rows(item_ids, lambda part: folded[part] @ folded.T, n)
