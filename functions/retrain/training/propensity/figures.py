"""How good probabilities are, with intervals of 95 % confidence."""

from collections.abc import Callable, Mapping

import numpy as np

from training.metrics.average_precision import average_precision
from training.metrics.brier import brier
from training.metrics.calibration_error import calibration_error
from training.metrics.log_loss import log_loss, losses
from training.metrics.roc_auc import roc_auc
from training.propensity.arrays import SEED, Floats, Ints, Rows

Metric = Callable[[Floats, Floats, Floats], float]

METRICS: Mapping[str, Metric] = {
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "brier": brier,
    "log_loss": log_loss,
    "calibration_error": calibration_error,
}
RESAMPLES = 300
PAIRED = 1_000
TAIL = 0.025


Estimate = dict[str, float]
"""`value`, and its interval from `low` to `high`."""


def figures_of(labels: Floats, probabilities: Floats, people: Ints) -> dict[str, Estimate]:
    """Each metric, with the percentile interval of draws of as many people as there are, with replacement.

    People are drawn, not rows, for a person's rows resemble each other: A. Davison, D. Hinkley, "Bootstrap Methods and
    their Application", 1997, section 3.8. All models see the same draws. A draw's calibration error lies above that of
    the rows themselves, for noise only adds to it; so its interval is that of the draws, moved down by as much as their
    median lies too high.
    """
    _, codes = np.unique(people, return_inverse=True)
    draw, number = np.random.default_rng(SEED), codes.max() + 1
    # In order of probability, so that sorting again in each draw costs nothing.
    order = np.argsort(probabilities, kind="stable")
    labels, probabilities, codes = labels[order], probabilities[order], codes[order]
    drawn = np.array(
        [
            [metric(labels, probabilities, weights) for metric in METRICS.values()]
            for weights in (
                np.bincount(draw.integers(0, number, number), minlength=number)[codes].astype(np.float64)
                for _ in range(RESAMPLES)
            )
        ]
    )
    ones = np.ones_like(labels)
    found = {name: metric(labels, probabilities, ones) for name, metric in METRICS.items()}
    return {name: _estimate(name, found[name], column) for (name, column) in zip(METRICS, drawn.T, strict=True)}


def below(rows: Rows, ours: Floats, theirs: Floats) -> Estimate:
    """By how much the log loss of our probabilities is below that of theirs: a paired difference, people drawn."""
    gains = losses(rows.labels, theirs) - losses(rows.labels, ours)
    _, codes = np.unique(rows.people, return_inverse=True)
    number, draw = codes.max() + 1, np.random.default_rng(SEED)
    sums, counts = np.bincount(codes, gains), np.bincount(codes)
    drawn = []
    for _ in range(PAIRED):
        times = np.bincount(draw.integers(0, number, number), minlength=number)
        drawn.append(times @ sums / (times @ counts))
    low, high = np.quantile(drawn, (TAIL, 1 - TAIL)).tolist()
    return {"value": float(gains.mean()), "low": low, "high": high}


def _estimate(name: str, value: float, drawn: Floats) -> Estimate:
    low, middle, high = np.nanquantile(drawn, (TAIL, 0.5, 1 - TAIL)).tolist()
    shift = max(0.0, middle - value) if name == "calibration_error" else 0.0
    return {"value": value, "low": max(0.0, low - shift), "high": high - shift}
