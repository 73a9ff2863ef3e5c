"""From features to the standardised terms of a logistic regression."""

from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from shared.models.propensity import Line
from training.propensity.arrays import Floats

Basis = Literal["logged", "straight", "bent"]
"""Features as log(1 + x) where none is negative; as they are; logged, with bends at quartiles. Validation chooses."""

BASES: tuple[Basis, ...] = get_args(Basis)
QUARTILES = (0.25, 0.5, 0.75)


class Design(NamedTuple):
    """What is done to features: take logarithms, add bends, standardise.

    Attributes:
        logged: one a feature.
        knots: of each feature's bends, after its logarithm.
        mean, scale: one a term; a feature's terms stand together.
    """

    logged: npt.NDArray[np.bool_]
    knots: list[list[float]]
    mean: Floats
    scale: Floats

    def points(self, features: Floats) -> Floats:
        """One column a term."""
        found: Floats = (_terms(_prepared(self.logged, features), self.knots) - self.mean) / self.scale
        return found

    def lines(self, coefficients: Floats) -> list[Line]:
        """The coefficients of all terms as one line a feature."""
        ends = np.cumsum([1 + len(knots) for knots in self.knots])[:-1]
        parts = (np.split(column, ends) for column in (self.mean, self.scale, coefficients))
        return [
            Line(knots, *(column.tolist() for column in each)) for knots, *each in zip(self.knots, *parts, strict=True)
        ]


def make_design(features: Floats, basis: Basis) -> Design:
    """The design for these features. One of two values, or one, has neither logarithm nor bends."""
    low, high = features.min(axis=0), features.max(axis=0)
    varied = ((features > low) & (features < high)).any(axis=0)
    logged = varied & (low >= 0) & (basis != "straight")
    columns = _prepared(logged, features)
    knots = [
        _knots(column) if basis == "bent" and bends else [] for column, bends in zip(columns.T, varied, strict=True)
    ]
    terms = _terms(columns, knots)
    scale = terms.std(axis=0)
    # What does not vary must add nothing, not noise over noise.
    still = scale <= 1e-9 * np.maximum(1.0, np.abs(terms).max(axis=0))
    return Design(logged, knots, terms.mean(axis=0), np.where(still, 1.0, scale))


def _prepared(logged: npt.NDArray[np.bool_], features: Floats) -> Floats:
    found: Floats = np.where(logged, np.log1p(np.where(logged, np.maximum(features, 0.0), 0.0)), features)
    return found


def _knots(column: Floats) -> list[float]:
    found = sorted(set(np.quantile(column, QUARTILES).tolist()))
    return [knot for knot in found if column.min() < knot < column.max()]


def _terms(columns: Floats, knots: list[list[float]]) -> Floats:
    bent = [
        [column, *(np.maximum(0.0, column - knot) for knot in of)] for column, of in zip(columns.T, knots, strict=True)
    ]
    return np.column_stack([term for terms in bent for term in terms])
