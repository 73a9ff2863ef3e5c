"""Personas: the nearest centroid of a K-means fit, evaluated with the standard library."""

from collections.abc import Mapping
from math import log1p

import msgspec

from shared.profiles.standing import NEWCOMER


class PersonaModel(msgspec.Struct, frozen=True):
    """Centroids in the space of standardised features.

    Attributes:
        features: names, as `shared.profiles.face.features` gives them.
        logged: which of them are taken as log(1 + x) before standardising.
        mean, scale: of each feature as trained; scale is never 0.
        centroids: one row a persona, standardised.
        names: the personas, as many as rows.
        sizes: people of each when trained.
    """

    version: str
    features: list[str]
    logged: list[bool]
    mean: list[float]
    scale: list[float]
    centroids: list[list[float]]
    names: list[str]
    sizes: list[int]


def standardise(model: PersonaModel, features: Mapping[str, float]) -> list[float]:
    """The point of these features in the model's space."""
    columns = zip(model.features, model.logged, model.mean, model.scale, strict=True)
    return [((log1p(features[name]) if log else features[name]) - mean) / scale for name, log, mean, scale in columns]


def persona_of(model: PersonaModel | None, features: Mapping[str, float]) -> str:
    """The persona with the nearest centroid (Euclidean), the first of equals. No model or no session: newcomer."""
    if model is None or not features["sessions"]:
        return NEWCOMER
    point = standardise(model, features)
    distances = [sum((x - c) ** 2 for x, c in zip(point, row, strict=True)) for row in model.centroids]
    return model.names[distances.index(min(distances))]
