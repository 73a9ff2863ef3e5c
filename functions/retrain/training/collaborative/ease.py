"""EASE^R: the item-to-item weights that best rebuild everybody's items from their other items, in closed form."""

import numpy as np
from scipy.linalg.lapack import spotrf, spotri, spotrs
from scipy.sparse import csr_matrix, eye_array
from threadpoolctl import threadpool_limits

from training.collaborative.dense import best_of_rows
from training.collaborative.learner import Floats
from training.similarity import Similar

LARGEST = 5_000
"""Of people or items, whichever are fewer: time grows with the cube."""

MOST_BYTES = 400_000_000
"""Of the dense table that is kept."""


def refuses(matrix: csr_matrix) -> str:
    """Why the closed form costs too much for this matrix; empty if it does not."""
    people, items = matrix.shape
    if min(people, items) > LARGEST:
        return f"{people:,} people and {items:,} items: it asks for {LARGEST:,} of either at most"
    return "" if 4 * min(people, items) * items <= MOST_BYTES else f"{items:,} items: its table would be too large"


class Ease:
    """H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019: scores are histories times B, where
    B_ij = −P_ij / P_jj off the diagonal, 0 on it, and P = (X'X + regularization · I)⁻¹; X is 1 for what was liked.

    The matrix that is inverted has a row for each item; where people are fewer, one with a row for each of them does as
    well (Woodbury): P = (I − X'M) / regularization with M = (XX' + regularization · I)⁻¹ X, and so
    B_ij = (X'M)_ij / (1 − (X'M)_jj).
    """

    def __init__(self, matrix: csr_matrix, regularization: float) -> None:
        learned = (matrix > 0).astype(np.float32)
        people, items = learned.shape
        self._table: Floats
        with threadpool_limits(1, "blas"):
            if items <= people:
                self._before: csr_matrix = eye_array(items, dtype=np.float32, format="csr")
                inverse = _inverse(learned.T @ learned, regularization)
                self._table = -inverse / inverse.diagonal()
                self._own = np.full(items, -1, np.float32)
            else:
                self._before = learned.T.tocsr()
                rebuilt = _solved(learned @ learned.T, regularization, learned.toarray())
                share = np.asarray(learned.multiply(rebuilt).sum(axis=0), dtype=np.float32).ravel()
                self._table = rebuilt / (1 - share)
                self._own = share / (1 - share)

    def score(self, histories: csr_matrix) -> Floats:
        with threadpool_limits(1, "blas"):
            return self._rebuilt(histories.astype(np.float32))

    def neighbours(self, item_ids: list[str], n: int) -> Similar | None:
        one = eye_array(len(item_ids), dtype=np.float32, format="csr")
        with threadpool_limits(1, "blas"):
            return best_of_rows(item_ids, lambda part: self._rebuilt(one[part]), n)

    def _rebuilt(self, histories: csr_matrix) -> Floats:
        """An item does not count for itself."""
        scores: Floats = (histories @ self._before).toarray() @ self._table
        rows = np.repeat(np.arange(histories.shape[0]), np.diff(histories.indptr))
        scores[rows, histories.indices] -= histories.data * self._own[histories.indices]
        return scores


def _inverse(square: csr_matrix, regularization: float) -> Floats:
    factor = _factor(square, regularization)
    upper, _ = spotri(factor)
    inverse: Floats = np.triu(upper) + np.triu(upper, 1).T
    return inverse


def _solved(square: csr_matrix, regularization: float, right: Floats) -> Floats:
    found: Floats = spotrs(_factor(square, regularization), right)[0]
    return found


def _factor(square: csr_matrix, regularization: float) -> Floats:
    """Cholesky's. Raises ArithmeticError where rounding leaves no positive matrix."""
    dense = square.toarray()
    dense[np.diag_indices_from(dense)] += regularization
    factor: Floats
    factor, failed = spotrf(dense)
    if failed:
        raise ArithmeticError(f"EASE^R: not positive at {failed} with a regularization of {regularization:g}")
    return factor
