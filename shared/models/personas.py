"""Personas: the nearest centroid of a K-means fit, kept while another is hardly nearer; with the standard library."""

from collections.abc import Mapping, Sequence
from math import dist, log1p
from typing import NamedTuple

import msgspec

from shared.profiles.standing import NEWCOMER

SHARE = 0.1
"""Another persona must be nearer by this share of the distance to the current one, or the current one stays."""

REASONS = 3
"""A change is explained by so many features at most."""

WORDS = {
    "avg_session_s": "visits of {:.0f} s",
    "pages_per_session": "{:.1f} pages a visit",
    "page_views": "{:.0f} pages",
    "high_intent": "{:.0f} acts of high intent",
    "active": "{:.0%} of acts active",
    "sessions": "{:.0f} visits",
    "recency_days": "{:.1f} days since the last act",
}
"""How each feature of `shared.profiles.face.features` is told to people."""


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


class Verdict(NamedTuple):
    """What was decided, and how clearly.

    Attributes:
        distance: to the persona's centroid, Euclidean, in standard deviations.
        margin: by how much of its distance the second nearest centroid is farther than the nearest: 0 (a tie) to 1.
        why: the features that moved a change most, in words; empty while nothing changes.
    """

    persona: str
    distance: float = 0.0
    margin: float = 1.0
    why: Sequence[str] = ()


def standardise(model: PersonaModel, features: Mapping[str, float]) -> list[float]:
    """The point of these features in the model's space."""
    columns = zip(model.features, model.logged, model.mean, model.scale, strict=True)
    return [((log1p(features[name]) if log else features[name]) - mean) / scale for name, log, mean, scale in columns]


def distances(model: PersonaModel, point: Sequence[float]) -> list[float]:
    """From the point to each centroid, Euclidean."""
    return [dist(point, row) for row in model.centroids]


def persona_of(model: PersonaModel | None, features: Mapping[str, float]) -> str:
    """The persona with the nearest centroid, the first of equals. No model or no session: newcomer."""
    if model is None or not features["sessions"]:
        return NEWCOMER
    found = distances(model, standardise(model, features))
    return model.names[found.index(min(found))]


def decide(model: PersonaModel | None, features: Mapping[str, float], current: str) -> Verdict:
    """The persona of someone who has been `current` until now.

    They stay what they are unless a centroid is nearer by more than `SHARE` of the distance to their own; then, or when
    the model does not know their persona, the nearest decides. So whoever moves to and fro between two personas changes
    once, and whoever arrives changes: at a centroid there is no other to be nearer. After a change at distance d of the
    new centroid, d · SHARE / (2 - SHARE) is the least way to another change (the triangle inequality).

    Without a model nothing is known that speaks against `current`; without a session everyone is a newcomer.
    """
    if not features["sessions"]:
        return Verdict(NEWCOMER)
    if model is None:
        return Verdict(current)
    point = standardise(model, features)
    found = distances(model, point)
    nearest, *others = sorted(range(len(found)), key=found.__getitem__)
    margin = 1 - found[nearest] / found[others[0]] if others and found[others[0]] else float(not others)
    kept = model.names.index(current) if current in model.names else None
    if kept is not None and found[nearest] >= (1 - SHARE) * found[kept]:
        return Verdict(current, found[kept], margin)
    left = kept if kept is not None or not others else others[0]
    return Verdict(model.names[nearest], found[nearest], margin, _why(model, features, point, nearest, left))


def _why(
    model: PersonaModel, features: Mapping[str, float], point: Sequence[float], chosen: int, left: int | None
) -> list[str]:
    """What brings the point nearer to the chosen centroid than to the one left, most first."""
    rows = model.centroids[chosen], model.centroids[left] if left is not None else [0.0] * len(point)
    gains = [(x - theirs) ** 2 - (x - ours) ** 2 for x, ours, theirs in zip(point, *rows, strict=True)]
    best = sorted((index for index, gain in enumerate(gains) if gain > 0), key=gains.__getitem__, reverse=True)
    names = [model.features[index] for index in best[:REASONS]]
    return [WORDS.get(name, name + " {:g}").format(features[name]) for name in names]
