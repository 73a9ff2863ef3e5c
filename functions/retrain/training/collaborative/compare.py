"""All learners on the same later moments: the best settings of each, and who is better than whom."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

import numpy as np

from training.bootstrap import Estimate, estimate, resample_means
from training.collaborative.challengers import CHALLENGERS, ITEM_KNN
from training.collaborative.item_knn import ItemNeighbours
from training.collaborative.judge import Gains, gains
from training.collaborative.learner import Floats, Learner, Parameters
from training.collaborative.matrix import Ints, Matrix
from training.collaborative.moments import Moments
from training.similarity import find_neighbours

POPULARITY = "popularity"


class Learned(Learner, Protocol):
    """A learner that somebody else has made, and with which settings."""

    parameters: Parameters


NOBODY: Mapping[str, Learned] = MappingProxyType({})


class Row(NamedTuple):
    """A learner with the settings that did best.

    Attributes:
        gains: before each moment, asked with all that speaks for the person.
        served: those of its published neighbours, asked in the same way; None if it has none to publish.
    """

    parameters: Parameters
    gains: Gains
    served: Gains | None = None


class Comparison(NamedTuple):
    """The learners by name, and why others are not among them."""

    rows: dict[str, Row]
    left_out: dict[str, str]


def compare(
    matrix: Matrix,
    moments: Moments,
    names: Sequence[str],
    n: int,
    is_late: Callable[[], bool],
    given: Mapping[str, Learned] = NOBODY,
) -> Comparison:
    """Popularity, item-kNN and these challengers, learned from this matrix, before these moments.

    Args:
        n: neighbours that are published for an item.
        is_late: once it says so, nothing more is begun.
        given: others, which have learned from the same interactions elsewhere.
    """
    popular: Floats = np.asarray(matrix.weights.sum(axis=0), dtype=np.float32).reshape(1, -1)
    base = gains(ItemNeighbours(find_neighbours(matrix.item_ids, matrix.weights, n)).score, moments)
    rows = {
        POPULARITY: Row({}, gains(lambda asked: popular.repeat(asked.shape[0], axis=0), moments)),
        ITEM_KNN: Row({}, base, base),
    }
    for name, other in given.items():
        rows[name] = _row(other.parameters, other, gains(other.score, moments), matrix, moments, n)
    left_out: dict[str, str] = {}
    for name in names:
        reason = CHALLENGERS[name].refuses(matrix.weights)
        if reason or is_late():
            left_out[name] = reason or "there was no time left"
        else:
            rows[name] = _tune(name, matrix, moments, n, is_late)
    return Comparison(rows, left_out)


def _tune(name: str, matrix: Matrix, moments: Moments, n: int, is_late: Callable[[], bool]) -> Row:
    challenger = CHALLENGERS[name]
    tried: list[tuple[Parameters, Gains, Learner]] = []
    for parameters in challenger.grid:
        if not (tried and is_late()):
            learner = challenger.fit(matrix.weights, **parameters, **challenger.while_tuned)
            tried.append((parameters, gains(learner.score, moments), learner))
    parameters, found, learner = max(tried, key=lambda one: one[1].mean())
    return _row(parameters, learner, found, matrix, moments, n)


def _row(parameters: Parameters, learner: Learner, found: Gains, matrix: Matrix, moments: Moments, n: int) -> Row:
    similar = learner.neighbours(matrix.item_ids, n)
    return Row(parameters, found, None if similar is None else gains(ItemNeighbours(similar).score, moments))


def best_served(rows: Mapping[str, Row], people: Ints) -> str:
    """Whose neighbours are published: item-kNN's, unless another's gain more by more than the standard error of the
    difference, people drawn by chance."""
    served = {name: row.served for name, row in rows.items() if row.served is not None}
    ahead = {name: found - served[ITEM_KNN] for name, found in served.items()}
    clearly = {
        name: more.mean() for name, more in ahead.items() if more.mean() > resample_means(more[:, None], people).std()
    }
    return max(clearly, key=clearly.__getitem__, default=ITEM_KNN)


def best_learner(rows: Mapping[str, Row]) -> str | None:
    """Who ranks best; None if that is popularity."""
    best = max(rows, key=lambda name: rows[name].gains.mean())
    return None if best == POPULARITY else best


def told(found: Gains, people: Ints) -> Estimate:
    """The mean with its interval, people drawn by chance."""
    return estimate(float(found.mean()), resample_means(found[:, None], people)[:, 0])
