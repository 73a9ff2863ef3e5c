"""Session-kNN as a model to compare with: the source that retrain may publish, without its limits on room."""

from datetime import datetime

from infra.evaluation.fit import find_training
from shared.models.session_knn import Sessions
from shared.settings import Settings
from shared.stores.ports import Warehouse

SESSIONS = 500
"""Of an item so many are known, the latest."""


def learn_sessions(warehouse: Warehouse, cutoff: datetime, settings: Settings) -> dict[str, Sessions]:
    """The sessions of what had happened by the cutoff, by item."""
    find_training()
    from training.queries import terms
    from training.sessions import read_sessions

    return read_sessions(warehouse, terms(cutoff, settings), SESSIONS).whole()
