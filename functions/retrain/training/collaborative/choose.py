"""Which learner makes the neighbours of the item documents, and which the nightly candidates, with which settings.

The earlier part of what may be learned from is learned from, the later part decides: nothing after the cutoff is seen.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple

from shared.profiles.profile import from_ms
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.collaborative.challengers import CHALLENGERS, ITEM_KNN
from training.collaborative.compare import NOBODY, Comparison, best_learner, best_served, compare, told
from training.collaborative.item_knn import ItemNeighbours
from training.collaborative.judge import Gains
from training.collaborative.learner import Learner, Parameters
from training.collaborative.matrix import Matrix, read_matrix
from training.collaborative.moments import Moments, read_moments
from training.factors import learned_elsewhere
from training.queries import select, terms
from training.similarity import Similar, find_neighbours

SHARE = 0.75
"""Learned from are the people up to the first visits, by so much; judged is what they do in the others."""

LEAST = 100
"""Fewer moments decide nothing."""

SHARE_OF_TIME = 0.2
"""Of the time that a training may take."""

ITSELF = "NDCG@10 in later visits"
SERVED = "NDCG@10 in later visits, as published neighbours"


FACTS = ("neighbours_by", "candidates_by", "compared_on", "settings", "figures", "not_compared")
"""What is told of a choice."""


class Pick(NamedTuple):
    """A learner and its settings."""

    name: str
    parameters: Parameters


class Choice(NamedTuple):
    """What was decided, and what is told of it, as JSON values.

    Attributes:
        served: makes the neighbours of the item documents.
        nightly: makes the candidates; None: popularity does no worse, and that needs no lists of their own.
    """

    served: Pick
    nightly: Pick | None
    facts: Mapping[str, object]


UNTRIED = Pick(ITEM_KNN, {})


def choose(warehouse: Warehouse, cutoff: datetime, settings: Settings) -> Choice:
    """The choice as of the cutoff. Where there is too little to decide by, item-kNN makes both."""
    start = monotonic()
    is_elsewhere = settings.engine == "spark"
    names = [name for name in CHALLENGERS if name in settings.tried and not (is_elsewhere and name == "ALS")]
    values = {**terms(cutoff, settings), "share": SHARE}
    edge_ms = select(warehouse, "validation_edge", values).to_pylist()[0]["edge_ms"] if names or is_elsewhere else None
    if edge_ms is None:
        return Choice(UNTRIED, UNTRIED, {})
    edge = from_ms(edge_ms) - timedelta(microseconds=1)
    matrix = read_matrix(warehouse, edge, settings)
    moments = read_moments(warehouse, {**values, "edge_ms": edge_ms}, matrix.item_ids)
    if len(moments) < LEAST:
        return Choice(UNTRIED, UNTRIED, {"compared_on": f"nothing: {len(moments)} later moments, {LEAST} are needed"})
    seconds = SHARE_OF_TIME * settings.train_minutes * 60
    given = learned_elsewhere(edge, settings, matrix.item_ids)
    found = compare(matrix, moments, names, settings.neighbours, lambda: monotonic() - start > seconds, given)
    served, best = best_served(found.rows, moments.people), best_learner(found.rows)
    nightly = None if best is None else Pick(best, found.rows[best].parameters)
    return Choice(Pick(served, found.rows[served].parameters), nightly, _facts(found, moments, served, best))


def learner_by(pick: Pick, matrix: Matrix, n: int, given: Mapping[str, Learner] = NOBODY) -> Learner:
    """What the chosen one learns of this matrix, or has learned elsewhere; item-kNN keeps n neighbours of an item."""
    if pick.name in given:
        return given[pick.name]
    if pick.name == ITEM_KNN:
        return ItemNeighbours(find_neighbours(matrix.item_ids, matrix.weights, n))
    return CHALLENGERS[pick.name].fit(matrix.weights, **pick.parameters)


def similar_by(pick: Pick, matrix: Matrix, n: int, given: Mapping[str, Learner] = NOBODY) -> Similar:
    """The n neighbours of every item, as the chosen one has them."""
    similar = learner_by(pick, matrix, n, given).neighbours(matrix.item_ids, n)
    if similar is None:
        raise ValueError(f"{pick.name} has no neighbours of items to publish")
    return similar


def _facts(found: Comparison, moments: Moments, served: str, best: str | None) -> dict[str, object]:
    tuned = {name: row.parameters for name, row in found.rows.items() if row.parameters}
    facts: dict[str, object] = {
        "neighbours_by": served,
        "candidates_by": best or "nobody: popularity does as well",
        "compared_on": f"{len(moments):,} later moments of {len(set(moments.people.tolist())):,} people",
        "settings": tuned,
        "figures": _figures(found, moments),
    }
    return facts | ({"not_compared": found.left_out} if found.left_out else {})


def _figures(found: Comparison, moments: Moments) -> dict[str, dict[str, dict[str, float]]]:
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for name, row in found.rows.items():
        figures[name] = {ITSELF: _interval(row.gains, moments)}
        if row.served is not None:
            figures[name][SERVED] = _interval(row.served, moments)
    return figures


def _interval(found: Gains, moments: Moments) -> dict[str, float]:
    value = told(found, moments.people)
    return {"value": value.value, "low": value.low, "high": value.high}
