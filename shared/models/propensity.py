"""Propensities: how probable an act is, among whom that is much, and what speaks for and against it.

A logistic regression or a decision tree gives log-odds, a calibration makes them a probability; standard library only.
"""

from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cached_property
from math import log1p, tanh
from typing import NamedTuple

import msgspec

PROPENSITIES = ("conversion", "churn")
DRIVERS = 3


class Line(msgspec.Struct, frozen=True):
    """What a logistic regression makes of one feature: a line that may bend at knots, each term standardised.

    Terms are x itself and max(0, x - knot) for each knot; of a logged feature, x is the logarithm. Beyond what was seen
    in training the line goes on: who has been known for longer than anybody then still differs from those.
    """

    knots: list[float]
    mean: list[float]
    scale: list[float]
    coefficients: list[float]


class Tree(msgspec.Struct, frozen=True):
    """A binary tree in arrays, the root first. Of a leaf, `left` is 0.

    Attributes:
        feature, threshold: a row goes left if its feature, as a 32-bit float, is at most the threshold.
        log_odds: of the people of each node.
    """

    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    log_odds: list[float]


class Platt(msgspec.Struct, frozen=True, tag=True):
    """p = 1 / (1 + exp(-(slope · log-odds + intercept))).

    J. Platt, "Probabilistic Outputs for Support Vector Machines", Advances in Large Margin Classifiers, 1999.
    """

    slope: float
    intercept: float


class Isotonic(msgspec.Struct, frozen=True, tag=True):
    """The monotone function through these points, straight between them and flat beyond.

    B. Zadrozny, C. Elkan, "Transforming Classifier Scores into Accurate Multiclass Probability Estimates", KDD 2002.
    """

    log_odds: list[float]
    probabilities: list[float]


class PropensityModel(msgspec.Struct, frozen=True, dict=True, kw_only=True):
    """What is published.

    Attributes:
        goal: what is predicted, in words.
        window_days: within so many days.
        active_days: of people who have acted within so many days; of others it says nothing.
        features: names; `logged` are those taken as log(1 + x), what is below 0 as 0.
        intercept, lines: of a logistic regression, one line a feature.
        tree: of a decision tree, instead.
        percentiles: probabilities that 1, 2, … 99 % of the trained population do not exceed.
    """

    version: str = ""
    goal: str
    window_days: float
    active_days: float
    features: list[str]
    logged: list[bool]
    intercept: float = 0.0
    lines: list[Line] = []
    tree: Tree | None = None
    calibration: Platt | Isotonic
    percentiles: list[float]

    @cached_property
    def start(self) -> float:
        """Log-odds before anything is known of somebody."""
        return self.intercept if self.tree is None else self.tree.log_odds[0]

    @cached_property
    def columns(self) -> list[tuple[str, bool]]:
        """Each feature, and whether it is logged."""
        return list(zip(self.features, self.logged, strict=True))

    @cached_property
    def pieces(self) -> list[tuple[list[float], list[tuple[float, float]]]]:
        """Each line as knots, and offset and slope before, between and after them: the same, with less to compute."""
        return [(line.knots, _flatten(line)) for line in self.lines]


class Driver(NamedTuple):
    """A feature, its value, and by how much it moves the log-odds: above 0 it speaks for the act."""

    feature: str
    value: float
    effect: float


class Propensity(NamedTuple):
    """What a model says of somebody.

    Attributes:
        percentile: so many in a hundred of the trained population are no more likely, 0 to 99.
        drivers: what moves it most, strongest first.
    """

    probability: float
    percentile: int
    drivers: list[Driver]


def evaluate(model: PropensityModel, features: Mapping[str, float]) -> Propensity:
    """What the model says of somebody with these features."""
    effects = effects_of(model, features)
    probability = calibrate(model.calibration, model.start + sum(effects))
    return Propensity(probability, bisect_right(model.percentiles, probability), _drivers(model, features, effects))


def probability_of(model: PropensityModel, features: Mapping[str, float]) -> float:
    """The calibrated probability alone."""
    return calibrate(model.calibration, model.start + sum(effects_of(model, features)))


def calibrate(calibration: Platt | Isotonic, log_odds: float) -> float:
    """The probability of these log-odds."""
    if isinstance(calibration, Platt):
        return 0.5 + 0.5 * tanh(0.5 * (calibration.slope * log_odds + calibration.intercept))
    xs, ys = calibration.log_odds, calibration.probabilities
    place = bisect_right(xs, log_odds)
    if place in (0, len(xs)):
        return ys[0] if place == 0 else ys[-1]
    x0, x1, y0, y1 = xs[place - 1], xs[place], ys[place - 1], ys[place]
    return y0 + (y1 - y0) * (log_odds - x0) / (x1 - x0)


def effects_of(model: PropensityModel, features: Mapping[str, float]) -> list[float]:
    """What each feature adds to the log-odds that all begin with."""
    named = ((features[name], logged) for name, logged in model.columns)
    point = [(log1p(x) if x > 0.0 else 0.0) if logged else x for x, logged in named]
    if model.tree is not None:
        return _path(model.tree, point)
    effects = []
    for x, (knots, pieces) in zip(point, model.pieces, strict=True):
        offset, slope = pieces[bisect_right(knots, x) if knots else 0]
        effects.append(offset + slope * x)
    return effects


def _path(tree: Tree, point: Sequence[float]) -> list[float]:
    """What each feature adds on the way from the root to the leaf: the differences between nodes, by the feature asked.

    A. Saabas, "Interpreting random forests", 2014, http://blog.datadive.net/interpreting-random-forests/.
    """
    effects, node, rounded = [0.0] * len(point), 0, array("f", point)  # scikit-learn compares 32-bit floats
    while tree.left[node]:
        feature = tree.feature[node]
        child = tree.left[node] if rounded[feature] <= tree.threshold[node] else tree.right[node]
        effects[feature] += tree.log_odds[child] - tree.log_odds[node]
        node = child
    return effects


def _drivers(model: PropensityModel, features: Mapping[str, float], effects: Sequence[float]) -> list[Driver]:
    ranked = sorted(range(len(effects)), key=lambda index: -abs(effects[index]))[:DRIVERS]
    names = ((model.features[index], effects[index]) for index in ranked if effects[index])
    return [Driver(name, features[name], effect) for name, effect in names]


def _flatten(line: Line) -> list[tuple[float, float]]:
    slope, *changes = [coefficient / scale for coefficient, scale in zip(line.coefficients, line.scale, strict=True)]
    offset = -sum(each * mean for each, mean in zip((slope, *changes), line.mean, strict=True))
    pieces = [(offset, slope)]
    for knot, change in zip(line.knots, changes, strict=True):
        offset, slope = offset - change * knot, slope + change
        pieces.append((offset, slope))
    return pieces
