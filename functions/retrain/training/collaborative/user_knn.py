"""Neighbours of people: what those have liked who are like the person."""

import numpy as np
from scipy.sparse import csr_matrix

from training.collaborative.learner import NEVER, Floats
from training.similarity import Similar, scale_columns

KNOWN = 20_000
"""People are compared with so many at most, drawn by a seed: more finds little more, and memory is bounded."""

SEED = 42


class UserNeighbours:
    """Scores are sums over the k most similar people of similarity · weight.

    The cosine is corrected as that of items is, so that a person of one common item is no twin; items count less the
    more people like them, by log(people / theirs). J. Herlocker, J. Konstan, A. Borchers, J. Riedl, "An Algorithmic
    Framework for Performing Collaborative Filtering", SIGIR 1999; J. Breese, D. Heckerman, C. Kadie, "Empirical
    Analysis of Predictive Algorithms for Collaborative Filtering", UAI 1998 (inverse user frequency).
    """

    def __init__(self, matrix: csr_matrix, k: int) -> None:
        people, items = matrix.shape
        if people > KNOWN:
            drawn = np.random.default_rng(SEED).choice(people, KNOWN, replace=False)
            matrix = matrix[np.sort(drawn)]
        matrix = (matrix > 0).astype(np.float32)
        self._liked = matrix
        self._rarity = np.log(people / np.maximum(np.bincount(matrix.indices, minlength=items), 1)).clip(min=0)
        self._directions = scale_columns(self._weighed(matrix).T.tocsr()).astype(np.float32)
        self._k = k

    def score(self, histories: csr_matrix) -> Floats:
        table = (self._weighed(histories) @ self._directions).tocsr()
        scores: Floats = (_largest(table, self._k) @ self._liked).toarray()
        scores[scores <= 0] = NEVER
        return scores

    def neighbours(self, item_ids: list[str], n: int) -> Similar | None:  # noqa: ARG002
        return None

    def _weighed(self, matrix: csr_matrix) -> csr_matrix:
        return csr_matrix((matrix.data * self._rarity[matrix.indices], matrix.indices, matrix.indptr), matrix.shape)


def _largest(table: csr_matrix, k: int) -> csr_matrix:
    """The k largest values of each row; of equals the first columns."""
    table.sort_indices()
    rows = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    order = np.lexsort((-table.data, rows))
    kept = order[np.arange(len(rows)) - np.searchsorted(rows, rows) < k]
    return csr_matrix((table.data[kept], (rows[kept], table.indices[kept])), table.shape)
