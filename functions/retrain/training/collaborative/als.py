"""ALS: people and items as factors, fitted in turn by least squares over all pairs, seen or not."""

import numpy as np
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from training.collaborative.from_factors import weights_of_factors
from training.collaborative.learner import Floats
from training.similarity import Similar

FACTORS = 64
ITERATIONS = 15
SEED = 42


class Als:
    """Y. Hu, Y. Koren, C. Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008.

    Minimises Σ c (p − x·y)² + regularization · (Σ|x|² + Σ|y|²); p is 1 for what was liked, else 0, and the confidence c
    is 1 + alpha · weight. Somebody new gets the x that minimises this with the items as they are.
    """

    def __init__(self, matrix: csr_matrix, regularization: float, alpha: float, iterations: float = ITERATIONS) -> None:
        self._alpha, self._regularization = alpha, regularization
        # On several threads of BLAS partial sums come together in any order; its own threads each do whole rows.
        with threadpool_limits(1, "blas"):
            self._model = AlternatingLeastSquares(
                factors=FACTORS,
                regularization=regularization,
                iterations=int(iterations),
                random_state=SEED,
                use_gpu=False,
            )
            self._model.fit(self._confidence(matrix), show_progress=False)

    def score(self, histories: csr_matrix) -> Floats:
        with threadpool_limits(1, "blas"):
            people = self._model.recalculate_user(np.arange(histories.shape[0]), self._confidence(histories))
            scores: Floats = people @ self._model.item_factors.T
        return scores

    def neighbours(self, item_ids: list[str], n: int) -> Similar | None:
        return weights_of_factors(item_ids, self._model.item_factors, self._regularization, n)

    def _confidence(self, weights: csr_matrix) -> csr_matrix:
        values = (1 + self._alpha * weights.data).astype(np.float32)
        return csr_matrix((values, weights.indices, weights.indptr), weights.shape)
