"""BPR: factors under which what a person liked stands before what they did not."""

import numpy as np
from implicit.bpr import BayesianPersonalizedRanking
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from training.collaborative.from_factors import neighbours_of_factors
from training.collaborative.learner import Floats
from training.similarity import Similar

FACTORS = 64
LEARNING_RATE = 0.03
FOLD_IN = 0.03
STEPS = 10_000_000
"""Of ascent, seconds: a large log needs to be gone through less often."""

SEED = 42


class Bpr:
    """S. Rendle, C. Freudenthaler, Z. Gantner, L. Schmidt-Thieme, "BPR: Bayesian Personalized Ranking from Implicit
    Feedback", UAI 2009: stochastic ascent on ln σ(x·(y_liked − y_other) + b_liked − b_other).

    Somebody new is folded in by the same pairs with their squares in place of ln σ, which has a closed form: the x that
    minimises Σ over liked i of weight_i · mean over all j of (1 − x·(y_i − y_j) − (b_i − b_j))² + fold_in · |x|².
    G. Takács, D. Tikk, "Alternating Least Squares for Personalized Ranking", RecSys 2012.
    """

    def __init__(self, matrix: csr_matrix, regularization: float, iterations: float, fold_in: float = FOLD_IN) -> None:
        model = BayesianPersonalizedRanking(
            factors=FACTORS,
            learning_rate=LEARNING_RATE,
            regularization=regularization,
            iterations=max(1, min(int(iterations), STEPS // max(matrix.nnz, 1))),
            num_threads=1,  # more write over each other, differently each time
            random_state=SEED,
            use_gpu=False,
        )
        model.fit(matrix, show_progress=False)
        self._factors: Floats = model.item_factors[:, :-1]
        self._biases: Floats = model.item_factors[:, -1]
        self._fold_in = fold_in

    def score(self, histories: csr_matrix) -> Floats:
        with threadpool_limits(1, "blas"):
            scores: Floats = self._people(histories.astype(np.float32)) @ self._factors.T + self._biases
        return scores

    def neighbours(self, item_ids: list[str], n: int) -> Similar | None:
        return neighbours_of_factors(item_ids, self._factors, n)

    def _people(self, histories: csr_matrix) -> Floats:
        """One row of factors a history: with deviations y and b from the means and weights that sum to 1,
        (Σ w y y' + C + fold_in · I) x = Σ w (1 − b) y − c; C, c: covariances of factors with factors and biases."""
        away, bias = self._factors - self._factors.mean(axis=0), self._biases - self._biases.mean()
        spread, slope = away.T @ away / len(away), away.T @ bias / len(away)
        found = np.empty((histories.shape[0], away.shape[1]), np.float32)
        ridge = self._fold_in * np.eye(away.shape[1], dtype=np.float32)
        for row in range(histories.shape[0]):
            part = slice(histories.indptr[row], histories.indptr[row + 1])
            items, weights = histories.indices[part], histories.data[part]
            weights = weights / max(weights.sum(), np.float32(1e-9))
            liked = away[items]
            square = (liked * weights[:, None]).T @ liked + spread + ridge
            found[row] = np.linalg.solve(square, liked.T @ (weights * (1 - bias[items])) - slope)
        return found
