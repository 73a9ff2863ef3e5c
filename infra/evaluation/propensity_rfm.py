"""Recency, frequency, monetary value: what most shops segment by, as a model to be better than."""

import re
from collections.abc import Sequence

import numpy as np

from infra.evaluation.propensity_table import Floats, Ints
from training.propensity.arrays import Rows

ASPECTS = {
    "recency": re.compile(r"recency|since_last|days_since", re.IGNORECASE),
    "frequency": re.compile(r"frequency|orders|purchases|transactions", re.IGNORECASE),
    "monetary": re.compile(r"monetary|revenue|spend|spent|amount", re.IGNORECASE),
}
PARTS = (0.2, 0.4, 0.6, 0.8)
STRANGERS = 2
"""A score's share is that of its people and so many more who act as often as all do."""


def rfm_columns(names: Sequence[str]) -> list[int] | None:
    """The places of the three columns; None if the table does not have just one for each."""
    places = []
    for pattern in ASPECTS.values():
        found = [place for place, name in enumerate(names) if pattern.search(name) and not name.endswith(" missing")]
        if len(found) != 1:
            return None
        places += found
    return places


def rfm_probabilities(learned: Rows, features: Floats, places: Sequence[int]) -> Floats:
    """For each row the share that acted among those learned from whose fifths, summed, are the same.

    One to five points for each of the three, the more recent, often and dear the more: A. Hughes, "Strategic Database
    Marketing", 1994.
    """
    edges = np.quantile(learned.features[:, places], PARTS, axis=0)
    known, asked = _points(learned.features[:, places], edges), _points(features[:, places], edges)
    most, base = 3 * len(PARTS) + 1, learned.labels.mean()
    acted, all_of = np.bincount(known, learned.labels, most), np.bincount(known, minlength=most)
    found: Floats = ((acted + STRANGERS * base) / (all_of + STRANGERS))[asked]
    return found


def _points(columns: Floats, edges: Floats) -> Ints:
    fifths = [np.searchsorted(edge, column, side="left") for edge, column in zip(edges.T, columns.T, strict=True)]
    points: Ints = len(PARTS) - fifths[0] + fifths[1] + fifths[2]
    return points
