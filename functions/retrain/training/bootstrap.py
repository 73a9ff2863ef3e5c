"""Confidence intervals by drawing people again and again."""

import msgspec
import numpy as np
import numpy.typing as npt

RESAMPLES = 1_000
SEED = 42
CONFIDENCE = 0.95

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Estimate(msgspec.Struct, frozen=True):
    """A mean and its interval of 95 % confidence. NaN where nothing was measured."""

    value: float
    low: float
    high: float


def resample_means(values: Floats, people: Ints) -> Floats:
    """Means of each column in `RESAMPLES` draws of as many people as there are, with replacement; all with their rows.

    A person's predictions resemble each other, so people are drawn, not predictions: B. Efron, R. Tibshirani, "An
    Introduction to the Bootstrap", 1993; for grouped data A. Davison, D. Hinkley, "Bootstrap Methods and their
    Application", 1997, section 3.8. All columns see the same draws, so their differences are paired.

    Args:
        values: one row a prediction.
        people: for each row, which person's it is; any numbers.
    """
    _, codes = np.unique(people, return_inverse=True)
    rows = np.bincount(codes)
    sums = np.column_stack([np.bincount(codes, column) for column in values.T])
    draws = np.random.default_rng(SEED).multinomial(len(rows), np.full(len(rows), 1 / len(rows)), RESAMPLES)
    means: Floats = (draws @ sums) / (draws @ rows)[:, None]
    return means


def estimate(value: float, means: Floats) -> Estimate:
    """The value with the percentile interval of its resampled means."""
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value, float(low), float(high))


def never(people: int) -> Estimate:
    """Nought, for what happened to none of so many people. Every draw has nought too, yet it may be three in so many.

    J. Hanley, A. Lippman-Hand, "If Nothing Goes Wrong, Is Everything All Right?", JAMA 1983.
    """
    return Estimate(0.0, 0.0, min(1.0, 3 / people))
