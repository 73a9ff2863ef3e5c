"""Learners of the whole log as models to compare with: user-kNN, ALS, BPR and EASE^R, tuned as retrain tunes them."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix

from infra.evaluation.fit import find_training
from shared.profiles.profile import Profile
from shared.ranking.candidates import anchors
from shared.settings import Settings
from shared.stores.ports import Warehouse

if TYPE_CHECKING:
    from training.collaborative.learner import Learner

Order = Callable[[Profile], Iterator[str]]
"""Of what a person has done, the items that they are to be shown, best first."""


def learn_challengers(
    warehouse: Warehouse, cutoff: datetime, settings: Settings, told: Mapping[str, Any]
) -> dict[str, Order]:
    """Those that this matrix is not too large for, by name.

    Args:
        told: what the training of the neighbours said: it has tuned them on the later part of what it was trained on.
    """
    find_training()
    from training.collaborative.challengers import CHALLENGERS
    from training.collaborative.matrix import read_matrix

    matrix = read_matrix(warehouse, cutoff, settings)
    columns = {item_id: column for column, item_id in enumerate(matrix.item_ids)}
    tuned = told.get("settings", {})
    found: dict[str, Order] = {}
    for name, challenger in CHALLENGERS.items():
        if matrix.people and not challenger.refuses(matrix.weights):
            learner = challenger.fit(matrix.weights, **tuned.get(name, challenger.grid[0]))
            found[name] = partial(_order, learner, matrix.item_ids, columns)
    return found


def _order(learner: "Learner", item_ids: list[str], columns: Mapping[str, int], profile: Profile) -> Iterator[str]:
    """The person is folded in, also one who was there when it learned. Ties by item."""
    liked = {columns[item]: weight for item, weight in anchors(profile).items() if item in columns and weight > 0}
    if not liked:
        return
    history = csr_matrix((list(liked.values()), ([0] * len(liked), list(liked))), (1, len(item_ids)))
    [scores] = learner.score(history)
    for column in np.argsort(-scores, kind="stable").tolist():
        if scores[column] == -np.inf:
            return
        yield item_ids[column]
