"""From arrays to what is published."""

from typing import Any

import numpy as np

from shared.models.propensity import PropensityModel
from training.propensity.arrays import Rows
from training.propensity.learn import Fit
from training.propensity.learners import Logistic

PERCENTS = np.arange(1, 100) / 100


def to_model(fit: Fit, rows: Rows, goal: str, window_days: float, active_days: float) -> PropensityModel:
    """The model as data; its percentiles are those of the rows. The version is left empty."""
    learned = fit.learned
    parts: dict[str, Any]
    if isinstance(learned, Logistic):
        design = learned.design
        lines = design.lines(learned.coefficients)
        parts = {"logged": design.logged.tolist(), "intercept": learned.intercept, "lines": lines}
    else:
        parts = {"logged": [False] * len(rows.names), "tree": learned.arrays()}
    return PropensityModel(
        goal=goal,
        window_days=window_days,
        active_days=active_days,
        features=list(rows.names),
        calibration=fit.calibration,
        percentiles=np.quantile(fit.probabilities(rows.features), PERCENTS).tolist(),
        **parts,
    )
