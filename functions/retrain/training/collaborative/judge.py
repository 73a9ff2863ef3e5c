"""How well a learner ranks the whole catalogue before the later moments: NDCG of the first ten, nothing sampled."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from training.collaborative.learner import NEVER, Floats
from training.collaborative.moments import Moments

N = 10
BLOCK_BYTES = 32_000_000

Gains = npt.NDArray[np.float64]
"""For each moment 1 / log2(1 + place) of the item that came next, 0 if it is not among the first."""


def gains(score: Callable[[csr_matrix], Floats], moments: Moments) -> Gains:
    """The gains of what this scoring proposes at each moment. Ties by item."""
    found = np.zeros(len(moments))
    items = moments.histories.shape[1]
    size = max(1, BLOCK_BYTES // (4 * items))
    columns = np.arange(items)
    for start in range(0, len(moments), size):
        part = slice(start, start + size)
        scores = score(moments.histories[part])
        scores[moments.met[part].nonzero()] = NEVER
        targets = moments.targets[part, None]
        own = np.take_along_axis(scores, targets, axis=1)
        places = 1 + (scores > own).sum(axis=1) + ((scores == own) & (columns < targets)).sum(axis=1)
        shown = (places <= N) & (own[:, 0] > NEVER)
        found[part] = np.where(shown, 1 / np.log2(1 + places), 0)
    return found
