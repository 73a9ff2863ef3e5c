"""A logistic regression and a decision tree, which can be published, and gradient boosting to challenge them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from shared.models.propensity import Tree
from training.propensity.arrays import SEED, Floats, Rows
from training.propensity.design import Basis, Design, make_design

LEAST_IN_LEAF = 20
STRANGERS = 2
"""A node's odds are those of its people and so many more who act as often as all do: no leaf is certain."""

BOOSTING = {
    "learning_rate": 0.05,
    "max_iter": 300,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
}


class LogisticLearner(NamedTuple):
    """S. le Cessie, J. van Houwelingen, "Ridge Estimators in Logistic Regression", Applied Statistics 1992."""

    basis: Basis = "logged"
    inverse_penalty: float = 1.0

    def fit(self, rows: Rows) -> "Logistic":
        design = make_design(rows.features, self.basis)
        found = LogisticRegression(C=self.inverse_penalty, solver="newton-cholesky", max_iter=200)
        found.fit(design.points(rows.features), rows.labels)
        return Logistic(design, found.coef_[0], float(found.intercept_[0]))


class Logistic(NamedTuple):
    design: Design
    coefficients: Floats
    intercept: float

    def log_odds(self, features: Floats) -> Floats:
        found: Floats = self.design.points(features) @ self.coefficients + self.intercept
        return found


class TreeLearner(NamedTuple):
    """L. Breiman, J. Friedman, R. Olshen, C. Stone, "Classification and Regression Trees", 1984."""

    leaves: int = 16

    def fit(self, rows: Rows) -> "Grown":
        tree = DecisionTreeClassifier(
            criterion="log_loss", max_leaf_nodes=self.leaves, min_samples_leaf=LEAST_IN_LEAF, random_state=SEED
        )
        tree.fit(rows.features, rows.labels)
        return Grown(tree, _node_odds(tree, rows.labels.mean()))


class Grown(NamedTuple):
    """A tree and the log-odds of its nodes."""

    tree: DecisionTreeClassifier
    odds: Floats

    def log_odds(self, features: Floats) -> Floats:
        found: Floats = self.odds[self.tree.apply(features)]
        return found

    def log_odds_by_leaves(self, features: Floats, leaves: Sequence[int]) -> list[Floats]:
        """As trees of so many leaves would say, each number at most the tree's own: the first splits are the same.

        Nodes are split best first and numbered as they are made, two at each split.
        """
        tree, reached = self.tree.tree_, self.tree.apply(features)
        parents = np.zeros(tree.node_count, dtype=np.int64)
        inner = np.flatnonzero(tree.children_left >= 0)
        for children in (tree.children_left, tree.children_right):
            parents[children[inner]] = inner
        found = []
        for number in leaves:
            ends = np.arange(tree.node_count)
            for node in range(2 * number - 1, tree.node_count):
                ends[node] = ends[parents[node]]
            found.append(self.odds[ends[reached]])
        return found

    def arrays(self) -> Tree:
        tree = self.tree.tree_
        leaf = tree.children_left < 0
        return Tree(
            np.where(leaf, 0, tree.feature).tolist(),
            np.where(leaf, 0.0, tree.threshold).tolist(),
            np.where(leaf, 0, tree.children_left).tolist(),
            np.where(leaf, 0, tree.children_right).tolist(),
            self.odds.tolist(),
        )


class BoostedLearner(NamedTuple):
    """The challenger, which stops itself on a part that it holds out.

    J. Friedman, "Greedy Function Approximation: A Gradient Boosting Machine", Annals of Statistics 2001.
    """

    def fit(self, rows: Rows) -> "Boosted":
        model = HistGradientBoostingClassifier(
            **BOOSTING, early_stopping=True, validation_fraction=0.15, random_state=SEED
        )
        with threadpool_limits(1):  # its threads wait for each other without sleeping: on a busy machine for minutes
            return Boosted(model.fit(rows.features, rows.labels))


class Boosted(NamedTuple):
    model: HistGradientBoostingClassifier

    def log_odds(self, features: Floats) -> Floats:
        found: Floats = self.model.decision_function(features)
        return found


def _node_odds(tree: DecisionTreeClassifier, base: float) -> Floats:
    people, shares = tree.tree_.weighted_n_node_samples, tree.tree_.value[:, 0, 1]
    share = (people * shares + STRANGERS * base) / (people + STRANGERS)
    found: Floats = np.log(share / (1 - share))
    return found
