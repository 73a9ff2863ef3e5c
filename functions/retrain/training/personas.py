"""Personas: K-means on the standardised features of everyone who has acted."""

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from shared.models.personas import PersonaModel
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.naming import RULES, name_clusters
from training.queries import select, terms
from training.results import Fitted, Refused, fitted

if TYPE_CHECKING:
    import pyarrow

Points = npt.NDArray[np.float64]

LOGGED = {
    "avg_session_s": True,
    "pages_per_session": True,
    "page_views": True,
    "high_intent": True,
    "active": False,
    "sessions": True,
    "recency_days": True,
}
"""The features of `shared.profiles.face.features`, and which are so skewed that their logarithm is taken."""

SEED = 42
SAMPLE = 50_000
"""More people than this are clustered by a sample: for a million, the same inertia in a thirtieth of the time."""

MIN_SCALE = 0.1
"""A feature in which people hardly differ keeps its small differences: all sessions but a few being the first,
or a log of one hour, would otherwise make a persona of a handful of people."""

PEOPLE_PER_PERSONA = 2
DIGITS = 6
"""Points that agree to so many decimals are one point: K-means itself can not tell them apart."""


def fit(warehouse: Warehouse, cutoff: datetime, settings: Settings) -> Fitted | Refused:
    """Personas of everyone who has acted by the cutoff."""
    table = select(warehouse, "persona_features", terms(cutoff, settings))
    people, needed = table.num_rows, PEOPLE_PER_PERSONA * settings.personas
    if people < needed:
        return Refused(f"{settings.personas} personas need {needed} people who have acted, there are {people}")
    features = read_features(table)
    clusters = min(settings.personas, _distinct(features))
    if clusters < 2:
        return Refused(f"all {people:,} people are alike")
    model = cluster(features, clusters)
    sizes = dict(zip(model.names, model.sizes, strict=True))
    return fitted("personas", model, cutoff, {"people": people, "personas": sizes})


def read_features(table: "pyarrow.Table") -> Points:
    """One row a person, one column a feature, skewed ones as log(1 + x)."""
    columns = [table[name].to_numpy() for name in LOGGED]
    return np.column_stack(
        [np.log1p(column) if LOGGED[name] else column for name, column in zip(LOGGED, columns, strict=True)]
    )


def cluster(features: Points, clusters: int) -> PersonaModel:
    """The model, its personas in the order of the naming rules. The version is left empty."""
    mean, scale = standards(features)
    points = (features - mean) / scale
    # On several threads partial sums come together in any order, and the last bits with them.
    with threadpool_limits(1):
        means = KMeans(clusters, n_init=10, random_state=SEED).fit(_sample(points))
        sizes = np.bincount(means.predict(points), minlength=clusters)
    names = name_clusters(list(LOGGED), means.cluster_centers_.tolist())
    ranks = [rule.name for rule in RULES]
    order = sorted(range(clusters), key=lambda index: ranks.index(names[index]))
    return PersonaModel(
        version="",
        features=list(LOGGED),
        logged=list(LOGGED.values()),
        mean=mean.tolist(),
        scale=scale.tolist(),
        centroids=means.cluster_centers_[order].round(9).tolist(),
        names=[names[index] for index in order],
        sizes=sizes[order].tolist(),
    )


def standards(features: Points) -> tuple[Points, Points]:
    """Mean and scale of each feature."""
    return features.mean(axis=0), np.maximum(features.std(axis=0), MIN_SCALE)


def _sample(points: Points) -> Points:
    if len(points) <= SAMPLE:
        return points
    chosen = np.random.default_rng(SEED).choice(len(points), SAMPLE, replace=False)
    return points[np.sort(chosen)]


def _distinct(features: Points) -> int:
    _, scale = standards(features)
    return len(np.unique((_sample(features) / scale).round(DIGITS), axis=0))
