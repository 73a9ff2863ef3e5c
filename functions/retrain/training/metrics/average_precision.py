"""Average precision: the precision at each recall, averaged; of a rare act it tells more than ROC-AUC."""

from training.propensity.arrays import Floats, ties


def average_precision(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """The sum over thresholds of the gain in recall times the precision there, without interpolation.

    J. Davis, M. Goadrich, "The Relationship Between Precision-Recall and ROC Curves", ICML 2006.
    """
    acted, others = (counts[::-1] for counts in ties(labels, probabilities, weights))
    if not acted.sum():
        return float("nan")
    taken = (acted + others).cumsum()
    return float((acted * acted.cumsum())[taken > 0] @ (1 / taken[taken > 0]) / acted.sum())
