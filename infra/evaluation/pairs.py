"""Each model beside each other: how far one is ahead on the same predictions, and whether that is more than chance."""

from collections.abc import Sequence
from itertools import combinations

import msgspec

from training.bootstrap import Estimate, Floats, estimate


class Pair(msgspec.Struct, frozen=True):
    """Two models under one metric.

    Attributes:
        ahead: of the model before the other, with the interval of the paired difference.
    """

    metric: str
    model: str
    other: str
    ahead: Estimate

    @property
    def sign(self) -> int:
        """1 if the model is better beyond chance, −1 if the other is, 0 if they are not told apart."""
        return int(self.ahead.low > 0) - int(self.ahead.high < 0)


def compare(names: Sequence[str], metrics: Sequence[str], values: Floats, means: Floats) -> list[Pair]:
    """All pairs under all metrics, each pair once, in the order of the names.

    Args:
        values: by prediction, model and metric.
        means: by draw of people, model and metric; all models see the same draws, so their differences are paired.
    """
    overall = values.mean(axis=0)
    return [
        Pair(
            metric,
            names[one],
            names[other],
            estimate(
                float(overall[one, column] - overall[other, column]), means[:, one, column] - means[:, other, column]
            ),
        )
        for column, metric in enumerate(metrics)
        for one, other in combinations(range(len(names)), 2)
    ]


def ahead_of(pairs: Sequence[Pair], metric: str, model: str, other: str) -> Pair | None:
    """How much the model is ahead of the other, in whichever order they were compared."""
    for pair in pairs:
        if pair.metric == metric and (pair.model, pair.other) == (model, other):
            return pair
        if pair.metric == metric and (pair.model, pair.other) == (other, model):
            back = Estimate(-pair.ahead.value, -pair.ahead.high, -pair.ahead.low)
            return Pair(metric, model, other, back)
    return None
