"""What drives a model, over all the people it was learned from."""

from typing import NamedTuple

import numpy as np

from shared.models.propensity import PropensityModel, effects_of
from training.propensity.arrays import SEED, Rows

SAMPLE = 2_000
TURNS = 0.5
"""A driver whose effect hardly correlates with its value goes one way here and the other way there."""


class Drive(NamedTuple):
    """A feature, and by how much it moves the log-odds of a row either way, on average.

    Attributes:
        direction: correlation of the feature with what it does, -1 to 1: above 0, more of it makes the act likelier.
    """

    feature: str
    strength: float
    direction: float

    @property
    def sign(self) -> str:
        """+ the more, the likelier; − the less likely; ± one in some range, the other in another."""
        return "±" if abs(self.direction) < TURNS else "+" if self.direction > 0 else "−"


def strongest(model: PropensityModel, rows: Rows, n: int) -> list[Drive]:
    """The n features that move most, by the model as it is served; of many rows a sample."""
    chosen = np.random.default_rng(SEED).permutation(len(rows.labels))[:SAMPLE]
    features = rows.features[chosen]
    effects = np.array([effects_of(model, dict(zip(rows.names, row, strict=True))) for row in features.tolist()])
    strengths = np.abs(effects - effects.mean(axis=0)).mean(axis=0)
    order = np.argsort(-strengths, kind="stable")[:n].tolist()
    return [
        Drive(rows.names[index], float(strengths[index]), _direction(features[:, index], effects[:, index]))
        for index in order
        if strengths[index]
    ]


def _direction(values: "np.typing.NDArray[np.float64]", effects: "np.typing.NDArray[np.float64]") -> float:
    return float(np.corrcoef(values, effects)[0, 1])
