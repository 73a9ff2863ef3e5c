"""Whether personas can be trusted: other seeds find the same ones, and they set people apart as the live ones do."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from shared.models.personas import PersonaModel
from training.continuity import assign

Points = npt.NDArray[np.float64]

SEED = 42
SEEDS = 4
SAMPLE = 2_000
"""Silhouettes take the square of the number of people."""

STABLE = 0.5
"""Below so much agreement between seeds it is chance that decides who is what."""

Z = 1.96


class Stability(NamedTuple):
    """What was measured, by model and metric; and what speaks against going live, if there is a live model."""

    figures: dict[str, dict[str, dict[str, float]]]
    doubt: str


def judge(model: PersonaModel, points: Points, features: Points, live: PersonaModel | None, wanted: int) -> Stability:
    """Agreement between seeds, and the silhouette beside that of the live model on the same people of today.

    L. Hubert, P. Arabie, "Comparing partitions", Journal of Classification 1985 (adjusted Rand index).
    """
    chosen = _some(len(points))
    some, labels = points[chosen], assign(model, features[chosen])
    k = len(model.names)
    others = [KMeans(k, n_init=3, random_state=SEED + seed).fit(some).labels_ for seed in range(1, SEEDS + 1)]
    agreement = [float(adjusted_rand_score(labels, other)) for other in others]
    figures = {
        "new": {
            "adjusted_rand_index": {"value": float(np.mean(agreement))},
            "adjusted_rand_index, least": {"value": min(agreement)},
        }
    }
    doubt = ""
    ours = _silhouettes(some, labels)
    if ours is not None:
        figures["new"]["silhouette"] = _interval(ours)
    if live is None:
        return Stability(figures, doubt)
    theirs = _silhouettes(some, assign(live, features[chosen]))
    if theirs is not None:
        figures["live"] = {"silhouette": _interval(theirs)}
    if np.mean(agreement) < STABLE:
        doubt = f"other seeds find other personas: adjusted Rand index {np.mean(agreement):.2f}"
    elif ours is not None and theirs is not None and wanted in (0, 1, len(live.names)):
        difference = _interval(ours - theirs)
        figures["new"]["silhouette more than live"] = difference
        if difference["high"] < 0:
            doubt = f"the live personas still set people apart better: silhouette {difference['value']:+.3f}"
    return Stability(figures, doubt)


def _silhouettes(points: Points, labels: npt.NDArray[np.int64]) -> Points | None:
    """Undefined where all are one cluster, or each is its own."""
    if not 1 < len(np.unique(labels)) < len(points):
        return None
    return np.asarray(silhouette_samples(points, labels))


def _interval(values: Points) -> dict[str, float]:
    mean, error = float(values.mean()), float(values.std() / np.sqrt(len(values)))
    return {"value": mean, "low": mean - Z * error, "high": mean + Z * error}


def _some(people: int) -> npt.NDArray[np.int64]:
    if people <= SAMPLE:
        return np.arange(people)
    return np.sort(np.random.default_rng(SEED).choice(people, SAMPLE, replace=False))
