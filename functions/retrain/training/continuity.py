"""Which new cluster is which persona of before, so that the same people keep their persona's name."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from shared.models.personas import PersonaModel
from training.naming import contradicts

Points = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

SAME = 1 / 3
"""A cluster goes on if it shares at least so much of its people (both together): of two equal ones, half of each."""


def given_names(
    live: PersonaModel, features: Points, labels: Labels, centroids: Points, mean: Points, scale: Points
) -> dict[int, str]:
    """Names of before, for the new clusters that continue a persona of before.

    Clusters and personas are paired by the Hungarian method (H. Kuhn, "The Hungarian Method for the Assignment
    Problem", Naval Research Logistics 1955) so that their centroids, in the features' own space, lie least apart. A
    pair is one persona if the people whom the live model would call so are by and large those of the cluster. It loses
    its name only where the cluster has become the contrary of it.
    """
    old = (np.array(live.centroids) * live.scale + live.mean - mean) / scale
    apart = np.linalg.norm(old[:, None] - centroids[None], axis=2)
    was = assign(live, features)
    names = {}
    for before, cluster in zip(*linear_sum_assignment(apart), strict=True):
        theirs, ours = was == before, labels == cluster
        shared, together = np.count_nonzero(theirs & ours), np.count_nonzero(theirs | ours)
        name, known = live.names[before], list(live.features)
        turned = contradicts(name, known, centroids[cluster].tolist())
        if together and shared >= SAME * together and (not turned or contradicts(name, known, live.centroids[before])):
            names[int(cluster)] = name
    return names


def movement(live: PersonaModel, model: PersonaModel, features: Points, labels: Labels) -> dict[tuple[str, str], int]:
    """How many people are this persona by the live model and that by the new one."""
    pairs, counts = np.unique(np.column_stack([assign(live, features), labels]), axis=0, return_counts=True)
    return {
        (live.names[old], model.names[new]): n for (old, new), n in zip(pairs.tolist(), counts.tolist(), strict=True)
    }


def assign(model: PersonaModel, features: Points) -> Labels:
    """The nearest centroid of each row of features (skewed ones as logarithms)."""
    points = (features - model.mean) / model.scale
    rows = np.array(model.centroids)
    squares = (points**2).sum(axis=1)[:, None] - 2 * points @ rows.T + (rows**2).sum(axis=1)
    return np.asarray(squares.argmin(axis=1))
