"""The command `evaluate`."""

from infra.evaluation.ranking import evaluate_ranking

__all__ = ["evaluate_ranking"]
