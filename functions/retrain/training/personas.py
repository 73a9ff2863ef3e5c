"""Personas: K-means on the standardised features of everyone who has acted, continuing the live ones."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from shared.errors import PermanentError
from shared.models.artifact import unpack_model
from shared.models.personas import PersonaModel
from shared.settings import Settings
from shared.stores.ports import Fields, Warehouse
from training.continuity import given_names, movement
from training.naming import RULES, name_clusters
from training.personas_picture import draw
from training.queries import select, terms
from training.results import Fitted, Refused, fitted
from training.stability import judge

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
"""More people than this are clustered by a sample: for a million, the same inertia in a thirtieth of the time, where
MiniBatchKMeans took longer than the sample and came out no better."""

TAILS = 0.01
"""Mean and scale are those of the people between these quantiles' ends: a few who do a thousand times as much as
anybody else must not make all the others look alike."""

MIN_SCALE = 0.1
"""A feature in which people hardly differ keeps its small differences: all sessions but a few being the first,
or a log of one hour, would otherwise make a persona of a handful of people."""

PEOPLE_PER_PERSONA = 2
DIGITS = 6
"""Points that agree to so many decimals are one point: K-means itself can not tell them apart."""

FEWEST, MOST = 3, 8
"""Where the silhouette chooses."""

SILHOUETTE_SAMPLE = 2_000


class Clusters(NamedTuple):
    """A model, its version left empty, and which of its personas everyone is."""

    model: PersonaModel
    labels: npt.NDArray[np.int64]
    points: Points


class Found(NamedTuple):
    """What was found, the features it was found in, and the live model that it continues, if any."""

    clusters: Clusters
    features: Points
    before: PersonaModel | None


def fit(warehouse: Warehouse, cutoff: datetime, settings: Settings, live: Fields | None = None) -> Fitted | Refused:
    """Personas of everyone who has acted by the cutoff."""
    result = find(warehouse, cutoff, settings, live)
    if isinstance(result, Refused):
        return result
    found, features, before = result
    with threadpool_limits(1):
        stability = judge(found.model, found.points, features, before, settings.personas)
    moved = movement(before, found.model, features, found.labels) if before else {}
    told = {"people": len(features), **_told(found.model), **_moves(moved), "figures": stability.figures}
    made = fitted("personas", found.model, cutoff, told)
    return made._replace(picture=draw(found.model, moved), doubt=stability.doubt)


def find(warehouse: Warehouse, cutoff: datetime, settings: Settings, live: Fields | None = None) -> Found | Refused:
    """The clusters as of the cutoff."""
    table = select(warehouse, "persona_features", terms(cutoff, settings))
    wanted = settings.personas if settings.personas >= 2 else 0
    people, needed = table.num_rows, PEOPLE_PER_PERSONA * (wanted or FEWEST)
    if people < needed:
        return Refused(f"{wanted or FEWEST} personas need {needed} people who have acted, there are {people}")
    features = read_features(table)
    distinct = _distinct(features)
    if distinct < 2:
        return Refused(f"all {people:,} people are alike")
    before = read_live(live)
    # On several threads partial sums come together in any order, and the last bits with them.
    with threadpool_limits(1):
        k = min(wanted, distinct) if wanted else choose(features, distinct)
        return Found(cluster(features, k, before), features, before)


def read_features(table: "pyarrow.Table") -> Points:
    """One row a person, one column a feature, skewed ones as log(1 + x)."""
    columns = [table[name].to_numpy() for name in LOGGED]
    return np.column_stack(
        [np.log1p(column) if LOGGED[name] else column for name, column in zip(LOGGED, columns, strict=True)]
    )


def read_live(live: Fields | None) -> PersonaModel | None:
    """The live model, if it speaks of the same features."""
    try:
        model = unpack_model(live, PersonaModel) if live else None
    except PermanentError:
        return None  # it is no good to the hot path either
    return model if model and (model.features, model.logged) == (list(LOGGED), list(LOGGED.values())) else None


def choose(features: Points, distinct: int) -> int:
    """The number of personas from `FEWEST` to `MOST` with the largest mean silhouette, the smaller of equals.

    P. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", J. Comput.
    Appl. Math. 1987; over a sample of people, for it takes the square of their number.
    """
    mean, scale = standards(features)
    points = _sample((features - mean) / scale)
    some = _sample(points, SILHOUETTE_SAMPLE)
    scores = {}
    for k in range(FEWEST, min(MOST, distinct) + 1):
        labels = KMeans(k, n_init=10, random_state=SEED).fit(points).predict(some)
        if 1 < len(np.unique(labels)) < len(some):
            scores[k] = round(float(silhouette_score(some, labels)), DIGITS)
    return max(scores, key=lambda k: (scores[k], -k)) if scores else min(FEWEST, distinct)


def cluster(features: Points, clusters: int, live: PersonaModel | None = None) -> Clusters:
    """The personas in the order of the naming rules. One that is still where it was keeps its name."""
    mean, scale = standards(features)
    points = (features - mean) / scale
    with threadpool_limits(1):
        means = KMeans(clusters, n_init=10, random_state=SEED).fit(_sample(points))
        labels = means.predict(points)
    centroids = means.cluster_centers_
    given = given_names(live, features, labels, centroids, mean, scale) if live else {}
    names = name_clusters(list(LOGGED), centroids.tolist(), given)
    ranks = [rule.name for rule in RULES]
    order = sorted(range(clusters), key=lambda index: ranks.index(names[index]))
    model = PersonaModel(
        version="",
        features=list(LOGGED),
        logged=list(LOGGED.values()),
        mean=mean.tolist(),
        scale=scale.tolist(),
        centroids=centroids[order].round(9).tolist(),
        names=[names[index] for index in order],
        sizes=np.bincount(labels, minlength=clusters)[order].tolist(),
    )
    return Clusters(model, np.argsort(order)[labels], points)


def standards(features: Points) -> tuple[Points, Points]:
    """Mean and scale of each feature, its tails drawn in."""
    low, high = np.quantile(features, [TAILS, 1 - TAILS], axis=0)
    drawn = np.clip(features, low, high)
    return drawn.mean(axis=0), np.maximum(drawn.std(axis=0), MIN_SCALE)


def _told(model: PersonaModel) -> dict[str, object]:
    """Sizes, and what the people at the centre of each persona do, in the features' own units."""
    columns = list(zip(model.features, model.logged, model.mean, model.scale, strict=True))
    centres = {
        name: {
            feature: _readable(np.expm1(x * scale + mean) if logged else x * scale + mean)
            for x, (feature, logged, mean, scale) in zip(row, columns, strict=True)
        }
        for name, row in zip(model.names, model.centroids, strict=True)
    }
    return {"personas": dict(zip(model.names, model.sizes, strict=True)), "centroids": centres}


def _readable(value: float) -> float:
    return float(f"{round(value, DIGITS):.4g}")


def _moves(moved: dict[tuple[str, str], int]) -> dict[str, object]:
    """How many people are another persona than the live model says."""
    return {"moved": {f"{old} to {new}": n for (old, new), n in moved.items() if old != new}} if moved else {}


def _sample(points: Points, most: int | None = None) -> Points:
    most = SAMPLE if most is None else most
    if len(points) <= most:
        return points
    chosen = np.random.default_rng(SEED).choice(len(points), most, replace=False)
    return points[np.sort(chosen)]


def _distinct(features: Points) -> int:
    _, scale = standards(features)
    return len(np.unique((_sample(features) / scale).round(DIGITS), axis=0))
