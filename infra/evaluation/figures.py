"""What the lists come to: for each protocol and model the metrics with their intervals, fold by fold and together."""

from collections.abc import Callable, Mapping, Sequence
from math import isnan, nan
from typing import NamedTuple

import msgspec
import numpy as np

from infra.evaluation.pairs import Pair, compare
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
DECISIVE = "NDCG@10"
"""What the gate of retrain goes by; by it models are put into order."""

SERVED = "attune"
UNDEFINED = Estimate(nan, nan, nan)
"""Of a model that never shows anything."""


class Crowd(NamedTuple):
    """Who and what was trained on: how many people, how many of them have met each item, how many items there are."""

    people: int
    met_by: Mapping[str, int]
    items: int


class Round(NamedTuple):
    """The predictions of one fold, and who was trained on for it."""

    predicted: Sequence[Predicted]
    crowd: Crowd


class Figures(msgspec.Struct, frozen=True):
    """A model under one protocol.

    Attributes:
        accuracy: by metric, over the predictions of all folds.
        folds: by metric, the mean of each fold; null where it has no predictions.
        coverage: share of the catalogue that was shown to anybody; as the next two the mean over predictions of their
            fold's.
        repetition: share of what was shown that the person had met.
        novelty: of what was shown, in bits.
    """

    accuracy: dict[str, Estimate]
    folds: dict[str, list[float]]
    coverage: float
    repetition: float
    novelty: float


class Section(msgspec.Struct, frozen=True):
    """One protocol: how much was predicted, for how many people, how each model did, and each beside each other."""

    predictions: int
    people: int
    models: dict[str, Figures]
    pairs: list[Pair]


def measure(rounds: Sequence[Round], protocol: Protocol) -> Section:
    """The figures of all models under this protocol. Without predictions there are none."""
    folds = [[each for each in one.predicted if protocol in each.lists] for one in rounds]
    rows = [each for fold in folds for each in fold]
    if not rows:
        return Section(0, 0, {}, [])
    names = list(dict.fromkeys(name for each in rows for name in each.lists[protocol]))
    names = _best_first(_values(rows, protocol, names), names)
    values = _values(rows, protocol, names)
    _, codes = np.unique([each.person for each in rows], return_inverse=True)
    people = int(codes.max()) + 1
    means = resample_means(values.reshape(len(rows), -1), codes).reshape(-1, *values.shape[1:])
    parts = np.split(values, np.cumsum([len(fold) for fold in folds])[:-1])
    models: dict[str, Figures] = {}
    for place, name in enumerate(names):
        if not any(each.lists[protocol].get(name) for each in rows):
            models[name] = Figures(dict.fromkeys(METRICS, UNDEFINED), {metric: [] for metric in METRICS}, nan, nan, nan)
            continue
        beyond = [_beyond(name, fold, protocol, one.crowd) for fold, one in zip(folds, rounds, strict=True) if fold]
        shares = [len(fold) for fold in folds if fold]
        models[name] = Figures(
            _accuracy(values[:, place], means[:, place], people),
            {metric: [_mean(part[:, place, column]) for part in parts] for column, metric in enumerate(METRICS)},
            *(_weighted(column, shares) for column in zip(*beyond, strict=True)),
        )
    heard = [place for place, name in enumerate(names) if models[name].folds[next(iter(METRICS))]]
    told = [names[place] for place in heard]
    pairs = compare(told, list(METRICS), values[:, heard], means[:, heard]) if people > 1 else []
    return Section(len(rows), people, models, pairs)


def _best_first(values: Floats, names: Sequence[str]) -> list[str]:
    overall = values[:, :, list(METRICS).index(DECISIVE)].mean(axis=0)
    return [names[place] for place in np.argsort(-overall, kind="stable").tolist()]


def _values(rows: Sequence[Predicted], protocol: Protocol, names: Sequence[str]) -> Floats:
    """By prediction, model and metric."""
    return np.array(
        [
            [[metric(each.lists[protocol].get(name, ()), each.target) for metric in METRICS.values()] for name in names]
            for each in rows
        ]
    )


def _accuracy(values: Floats, means: Floats, people: int) -> dict[str, Estimate]:
    """Of one person there is no other to draw: no interval."""
    found = {}
    for column, metric in enumerate(METRICS):
        value = float(values[:, column].mean())
        told = estimate(value, means[:, column]) if people > 1 else Estimate(value, nan, nan)
        found[metric] = never(people) if told.high == 0 else told
    return found


def _beyond(name: str, fold: Sequence[Predicted], protocol: Protocol, crowd: Crowd) -> tuple[float, float, float]:
    """Coverage, repetition and novelty of what the model showed in this fold, which may be nothing."""
    lists = [each.lists[protocol].get(name, []) for each in fold]
    return (
        coverage(lists, crowd.items),
        repetition(zip(lists, (each.met for each in fold), strict=True)),
        novelty(lists, crowd.met_by, crowd.people),
    )


def _mean(column: Floats) -> float:
    return float(column.mean()) if len(column) else nan


def _weighted(column: Sequence[float], shares: Sequence[int]) -> float:
    known = [(value, share) for value, share in zip(column, shares, strict=True) if not isnan(value)]
    return sum(value * share for value, share in known) / sum(share for _, share in known) if known else nan
