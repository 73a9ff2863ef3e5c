"""What every learner promises. Whoever asks is folded in by what they did, also who was there when it learned.

A history is one row of weights above 0, one column an item of the catalogue, as in the matrix that was learned from.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from training.similarity import Similar

Floats = npt.NDArray[np.float32]
Parameters = dict[str, float]

NEVER = -np.inf
"""The score of an item that is not proposed at all."""


class Learner(Protocol):
    """Learned from a matrix of people and items."""

    def score(self, histories: csr_matrix) -> Floats:
        """One row a history, one column an item: the higher, the sooner it is shown."""

    def neighbours(self, item_ids: list[str], n: int) -> Similar | None:
        """What is known as similarities in (0, 1] between items, the n best of each; None if it can not be told so."""
