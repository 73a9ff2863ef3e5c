"""ROC-AUC: how often somebody who acted was given a higher probability than somebody who did not."""

from training.propensity.arrays import Floats, ties


def roc_auc(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """The area under the receiver operating characteristic, as the share of pairs in the right order; a tie is half.

    J. Hanley, B. McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve",
    Radiology 1982.
    """
    acted, others = ties(labels, probabilities, weights)
    below = others.cumsum() - others
    pairs = acted.sum() * others.sum()
    return float((acted * (below + others / 2)).sum() / pairs) if pairs else float("nan")
