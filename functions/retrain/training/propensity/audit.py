"""What speaks against learning from some rows."""

import numpy as np

from training.metrics.roc_auc import roc_auc
from training.propensity.arrays import Rows

LEAST_PEOPLE = 25
"""Of those who acted, and of those who did not."""

LEAK = 0.999
"""No honest feature tells by itself what somebody will do so surely, measured as ROC-AUC."""


def why_not(rows: Rows) -> str | None:
    """The reason not to learn from these rows, if there is one."""
    if not len(rows.labels):
        return "nobody had acted long enough before the cutoff for what followed to be known"
    if wrong := [
        name for name, column in zip(rows.names, rows.features.T, strict=True) if not np.isfinite(column).all()
    ]:
        return f"not a number: {', '.join(wrong)}"
    counts = [len(np.unique(rows.people[rows.labels == label])) for label in (1, 0)]
    if min(counts) < LEAST_PEOPLE:
        return (
            f"{LEAST_PEOPLE} people who did and as many who did not are needed, there are {counts[0]} and {counts[1]}"
        )
    if not np.ptp(rows.features, axis=0).any():
        return f"all {len(np.unique(rows.people)):,} people are alike"
    if leaking := leaks(rows):
        return f"{', '.join(leaking)} tells by itself who did: it is likely to know what came after"
    return None


def leaks(rows: Rows) -> list[str]:
    """Features that tell the label by themselves."""
    ones = np.ones_like(rows.labels)
    areas = {name: roc_auc(rows.labels, column, ones) for name, column in zip(rows.names, rows.features.T, strict=True)}
    return [name for name, area in areas.items() if max(area, 1 - area) >= LEAK]
