"""Expected calibration error: how far a said probability is from how often the act then happened."""

import numpy as np

from training.propensity.arrays import Floats

BINS = 10


def calibration_error(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """The weighted mean over bins of |mean label - mean probability|; see `curve` for the bins.

    M. Naeini, G. Cooper, M. Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
    """
    bins = bins_of(probabilities)
    gaps = np.bincount(bins, weights * (labels - probabilities), BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def curve(labels: Floats, probabilities: Floats) -> list[tuple[float, float, int]]:
    """Of each bin that has any: the mean probability, the share that acted, how many."""
    bins = bins_of(probabilities)
    sums = [np.bincount(bins, column, BINS) for column in (probabilities, labels, np.ones_like(labels))]
    return [
        (said / n, acted / n, int(n)) for said, acted, n in zip(*(each.tolist() for each in sums), strict=True) if n
    ]


def bins_of(probabilities: Floats) -> "np.typing.NDArray[np.int64]":
    """Ten bins of as many people each: where an act is rare, bins of equal width would be one. Equals share a bin."""
    edges = np.quantile(probabilities, np.arange(1, BINS) / BINS)
    return np.searchsorted(edges, probabilities, side="left")
