"""What the lists come to: for each protocol and model the metrics with their intervals, and how attune compares."""

from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import NamedTuple

import msgspec
import numpy as np

from infra.evaluation.predict import Predicted, Protocol
from training.bootstrap import Estimate, Floats, estimate, never, resample_means
from training.metrics.coverage import coverage
from training.metrics.hit_rate import hit
from training.metrics.ndcg import ndcg
from training.metrics.novelty import novelty
from training.metrics.reciprocal_rank import reciprocal_rank
from training.metrics.repetition import repetition

METRICS: Mapping[str, Callable[[Sequence[str], str], float]] = {
    "HR@10": hit,
    "NDCG@10": ndcg,
    "MRR@10": reciprocal_rank,
}
SERVED = "attune"
UNDEFINED = Estimate(nan, nan, nan)
"""Of a model that never shows anything."""


class Crowd(NamedTuple):
    """Who and what was trained on: how many people, how many of them have met each item, how many items there are."""

    people: int
    met_by: Mapping[str, int]
    items: int


class Figures(msgspec.Struct, frozen=True):
    """A model under one protocol.

    Attributes:
        accuracy: by metric.
        behind: how much attune is ahead of this model on the same predictions, by metric.
        coverage: share of the catalogue that was shown to anybody.
        repetition: share of what was shown that the person had met.
        novelty: of what was shown, in bits.
    """

    accuracy: dict[str, Estimate]
    behind: dict[str, Estimate]
    coverage: float
    repetition: float
    novelty: float


class Section(msgspec.Struct, frozen=True):
    """One protocol: how much was predicted, for how many people, and how each model did."""

    predictions: int
    people: int
    models: dict[str, Figures]


def measure(predicted: Sequence[Predicted], protocol: Protocol, crowd: Crowd) -> Section:
    """The figures of all models under this protocol. Without predictions there are none."""
    rows = [each for each in predicted if protocol in each.lists]
    if not rows:
        return Section(0, 0, {})
    names = list(rows[0].lists[protocol])
    values = _values(rows, protocol, names)
    _, codes = np.unique([each.person for each in rows], return_inverse=True)
    people = len(set(codes.tolist()))
    means = resample_means(values.reshape(len(rows), -1), codes).reshape(-1, *values.shape[1:])
    ahead, ahead_means = (array[:, [names.index(SERVED)]] - array for array in (values, means))
    models: dict[str, Figures] = {}
    for place, name in enumerate(names):
        lists = [each.lists[protocol][name] for each in rows]
        if any(lists):
            accuracy = _estimates(values[:, place], means[:, place])
            models[name] = Figures(
                {metric: found if found.high else never(people) for metric, found in accuracy.items()},
                _estimates(ahead[:, place], ahead_means[:, place]),
                coverage(lists, crowd.items),
                repetition(zip(lists, (each.met for each in rows), strict=True)),
                novelty(lists, crowd.met_by, crowd.people),
            )
        else:
            models[name] = Figures(dict.fromkeys(METRICS, UNDEFINED), dict.fromkeys(METRICS, UNDEFINED), nan, nan, nan)
    return Section(len(rows), people, models)


def _values(rows: Sequence[Predicted], protocol: Protocol, names: Sequence[str]) -> Floats:
    """By prediction, model and metric."""
    return np.array(
        [
            [[metric(each.lists[protocol][name], each.target) for metric in METRICS.values()] for name in names]
            for each in rows
        ]
    )


def _estimates(values: Floats, means: Floats) -> dict[str, Estimate]:
    return {metric: estimate(float(values[:, place].mean()), means[:, place]) for place, metric in enumerate(METRICS)}
