"""The learners by name: how each is made, which settings are tried, and on what it is not tried at all."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from scipy.sparse import csr_matrix

from training.collaborative import ease
from training.collaborative.als import Als
from training.collaborative.bpr import Bpr
from training.collaborative.ease import Ease
from training.collaborative.learner import Learner, Parameters
from training.collaborative.user_knn import UserNeighbours

ITEM_KNN = "item-kNN"
"""What all others are held to: the cheapest, and it has nothing to tune."""


class Challenger(NamedTuple):
    """A learner that is tried beside item-kNN.

    Attributes:
        fit: matrix and parameters → what was learned.
        grid: the parameters that are tried.
        refuses: why this matrix is not for it; empty if it is.
        while_tuned: what makes it cheaper while settings are compared, and hardly changes which of them is best.
    """

    fit: Callable[..., Learner]
    grid: Sequence[Parameters]
    refuses: Callable[[csr_matrix], str] = lambda _: ""
    while_tuned: Mapping[str, float] = MappingProxyType({})


def _grid(**values: Sequence[float]) -> list[Parameters]:
    """The first of all, the second of all, and so on."""
    return [dict(zip(values, some, strict=True)) for some in zip(*values.values(), strict=True)]


CHALLENGERS: Mapping[str, Challenger] = {
    "EASE^R": Challenger(Ease, _grid(regularization=(50, 200, 800)), ease.refuses),
    "user-kNN": Challenger(UserNeighbours, _grid(k=(50, 200))),
    "ALS": Challenger(Als, _grid(regularization=(3, 10, 30), alpha=(20, 8, 4)), while_tuned={"iterations": 8}),
    "BPR": Challenger(Bpr, _grid(regularization=(0.03, 0.1), iterations=(40, 80))),
}
"""In the order in which they are tried: the cheapest first, for time may run out."""
