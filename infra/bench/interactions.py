"""Interactions as shops have them, made up: as arrays for the fits, and as a log that SQL counts."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, load_npz, save_npz

SEED = 42
CLUSTERS = 30
TASTE = 0.7
"""So many of a person's interactions are with items of their own taste."""

FEATURES = 12
"""Of a person, of those that propensities are learned from and personas found in."""

Floats = npt.NDArray[np.float64]

LOG = """
INSERT INTO events (event_id, kind, occurred_at, user_id, item_ids, category)
WITH drawn AS (
  SELECT
    n,
    CAST(FLOOR(visit * {step_s}) AS INT64) + 40 * MOD(n, {per_visit}) AS second,
    CAST(FLOOR({people} * POW(visit * 0.7548776662466927 - FLOOR(visit * 0.7548776662466927), 2.0)) AS INT64) AS person,
    CAST(FLOOR(POW({items}.0, n * 0.5698402909980532 - FLOOR(n * 0.5698402909980532))) AS INT64) AS place
  FROM (SELECT n, DIV(n, {per_visit}) AS visit FROM UNNEST(GENERATE_ARRAY({first}, {last})) AS n)
)

SELECT
  CONCAT('e', CAST(n AS STRING)),
  CASE WHEN MOD(n, 41) = 0 THEN 'purchase' WHEN MOD(n, 11) = 0 THEN 'add_to_cart' ELSE 'item_view' END,
  TIMESTAMP_ADD(TIMESTAMP '2026-01-01 00:00:00+00:00', INTERVAL second SECOND),
  CONCAT('u', CAST(person AS STRING)),
  [CONCAT('i', CAST(MOD(place + 331 * MOD(person, 30) * MOD(n, 2), {items}) AS STRING))],
  CONCAT('c', CAST(MOD(place, 40) AS STRING))
FROM drawn
"""
"""Zipf's law for items, half of them shifted to a person's taste; few people do much. The sequence R2 stands for
chance: M. Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences", 2018."""

DAYS = 90
PER_VISIT = 8


class Size(NamedTuple):
    """How much."""

    events: int
    people: int
    items: int


class Prepared(NamedTuple):
    """What fits start from: people × items, and people × features with who acted.

    Attributes:
        matrix: weights, float64.
        features: skewed and not negative.
    """

    matrix: csr_matrix
    features: Floats
    labels: Floats


def log_script(size: Size, first: int = 1, last: int | None = None) -> str:
    """GoogleSQL that adds these events, by default all; visits begin one after the other, over `DAYS` days."""
    step_s = DAYS * 86_400 * PER_VISIT / size.events
    given = {"people": size.people, "items": size.items, "per_visit": PER_VISIT, "step_s": step_s}
    return LOG.format(**given, first=first, last=last or size.events) + ";"


def make_arrays(size: Size) -> Prepared:
    """Zipf items, lognormal activity of people, tastes (performance figures of peers are of the same shape)."""
    draw = np.random.default_rng(SEED)
    activity = draw.lognormal(0.0, 1.0, size.people)
    people = draw.choice(size.people, size.events, p=activity / activity.sum())
    popularity = 1 / np.arange(1, size.items + 1) ** 0.9
    items = draw.choice(size.items, size.events, p=popularity / popularity.sum())
    own = draw.random(size.events) < TASTE
    # To the nearest item of the person's cluster: items of a cluster are every thirtieth.
    items[own] = np.minimum(items[own] // CLUSTERS * CLUSTERS + people[own] % CLUSTERS, size.items - 1)
    matrix = csr_matrix((np.ones(size.events), (people, items)), (size.people, size.items))
    matrix.sum_duplicates()
    matrix.data = np.sqrt(matrix.data)
    features = draw.lognormal(0.0, 1.0, (size.people, FEATURES)) * (1 + people_kinds(draw, size.people))
    odds = np.log1p(features) @ draw.normal(0.0, 0.6, FEATURES)
    labels = (draw.random(size.people) < 1 / (1 + np.exp(2 + odds.mean() - odds))).astype(float)
    return Prepared(matrix, features, labels)


def people_kinds(draw: np.random.Generator, people: int) -> Floats:
    """Of five kinds of people, each does some things more."""
    found: Floats = draw.integers(0, 4, (5, FEATURES))[draw.integers(0, 5, people)].astype(np.float64)
    return found


def save(prepared: Prepared, folder: Path) -> None:
    """For another process to load."""
    save_npz(folder / "matrix.npz", prepared.matrix, compressed=False)
    np.savez(folder / "people.npz", features=prepared.features, labels=prepared.labels)


def load(folder: Path) -> Prepared:
    """What was saved."""
    people = np.load(folder / "people.npz")
    return Prepared(csr_matrix(load_npz(folder / "matrix.npz")), people["features"], people["labels"])
