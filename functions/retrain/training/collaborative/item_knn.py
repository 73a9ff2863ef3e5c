"""Neighbours of items, served as they are: what is similar to what a person has liked."""

import numpy as np
from scipy.sparse import csr_matrix

from training.collaborative.learner import NEVER, Floats
from training.similarity import Similar


class ItemNeighbours:
    """Scores are sums over the history of weight · similarity, as the hot path adds them up.

    M. Deshpande, G. Karypis, "Item-Based Top-N Recommendation Algorithms", ACM TOIS 2004.
    """

    def __init__(self, similar: Similar) -> None:
        items = len(similar.item_ids)
        parts = similar.similarities.astype(np.float32), similar.neighbours, similar.starts
        self._similar = similar
        self._table = csr_matrix(parts, (items, items))

    def score(self, histories: csr_matrix) -> Floats:
        scores: Floats = (histories.astype(np.float32) @ self._table).toarray()
        scores[scores <= 0] = NEVER
        return scores

    def neighbours(self, item_ids: list[str], n: int) -> Similar | None:  # noqa: ARG002 (it has no others)
        return self._similar
