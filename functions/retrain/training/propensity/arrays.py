"""Arrays that the parts of this package hand to each other."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SEED = 42


class Rows(NamedTuple):
    """What is learned from: one row a person and snapshot.

    Attributes:
        names: of the columns of `features`.
        labels: 1 for whoever acted, else 0.
        people: for each row, the number of its person.
    """

    names: list[str]
    features: Floats
    labels: Floats
    people: Ints

    def take(self, chosen: npt.NDArray[np.bool_] | Ints) -> "Rows":
        """Some of the rows."""
        return Rows(self.names, self.features[chosen], self.labels[chosen], self.people[chosen])


def folds_of(rows: Rows, number: int) -> Ints:
    """For each row its fold. A person's rows share one; people who ever acted are spread evenly, as are the others."""
    _, codes = np.unique(rows.people, return_inverse=True)
    acted = np.bincount(codes, rows.labels) > 0
    order = np.lexsort((np.random.default_rng(SEED).permutation(len(acted)), acted))
    folds = np.empty(len(acted), dtype=np.int64)
    folds[order] = np.arange(len(acted)) % number
    chosen: Ints = folds[codes]
    return chosen


def sigmoid(log_odds: Floats) -> Floats:
    """The probability of log-odds, without overflow."""
    found: Floats = 0.5 + 0.5 * np.tanh(0.5 * log_odds)
    return found


def ties(labels: Floats, probabilities: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """For each distinct probability, ascending: the weight of those who acted, and of the others."""
    order = np.argsort(probabilities, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(probabilities[order]) > 0, True))
    sums = ((weights * labels)[order].cumsum()[ends], (weights * (1 - labels))[order].cumsum()[ends])
    acted, others = (np.diff(each, prepend=0.0) for each in sums)
    return acted, others
