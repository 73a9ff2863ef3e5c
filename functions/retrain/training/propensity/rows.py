"""What propensities are learned from, as arrays."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from shared.models.propensity_features import WORDS
from shared.profiles.profile import MS
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.propensity.arrays import Floats, Ints, Rows
from training.queries import select, terms

if TYPE_CHECKING:
    import pyarrow

Goal = Literal["conversion", "churn"]

STEP = timedelta(days=7)
SNAPSHOTS = 12
MOST_ROWS = 30_000
"""More say little more: the standard error of a share of a tenth is then 0.0017."""


class Seen(NamedTuple):
    """Rows, the snapshot of each (0 is the newest), and what the label is, in words."""

    rows: Rows
    snapshots: Ints
    goal: str


def read_rows(warehouse: Warehouse, goal: Goal, cutoff: datetime, settings: Settings) -> Seen:
    """People as they were at weekly snapshots, and whether they then did what the goal names."""
    table = select(warehouse, "propensity", {**terms(cutoff, settings), **propensity_terms(goal, settings)})
    label, words = _label(table, goal)
    people = table["person"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    features = np.column_stack([table[name].to_numpy() for name in WORDS])
    return Seen(Rows(list(WORDS), features, label, people), table["snapshot"].to_numpy().astype(np.int64), words)


def propensity_terms(goal: Goal, settings: Settings) -> dict[str, object]:
    """The parameters of infra/sql/propensity*.sql."""
    return {
        "window_ms": window(goal, settings) // MS,
        "active_ms": timedelta(days=settings.churn_days) // MS,
        "step_ms": STEP // MS,
        "snapshots": SNAPSHOTS,
        "rows": MOST_ROWS,
    }


def window(goal: Goal, settings: Settings) -> timedelta:
    """How long after a snapshot the goal may be reached."""
    return timedelta(days=settings.churn_days if goal == "churn" else settings.conversion_days)


def _label(table: "pyarrow.Table", goal: Goal) -> tuple[Floats, str]:
    """A site on which nobody has ever bought converts by acts of high intent: a form, a sign-up, a cart."""
    columns = {name: np.asarray(table[name]).astype(np.float64) for name in ("gone", "bought", "meant")}
    if goal == "churn":
        return columns["gone"], "no act"
    if columns["bought"].any() or np.asarray(table["purchases"]).any():
        return columns["bought"], "a purchase"
    return columns["meant"], "an act of high intent"
