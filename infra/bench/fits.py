"""The fits that are compared, ours and the libraries' own on the same arrays; each is run in a process of its own.

`python -m infra.bench.fits NAME SIDE FOLDER` prints the seconds of the fit and the most memory that the process had.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, SplineTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from infra.bench.interactions import Prepared, load
from infra.bench.peak import peak_mb
from infra.evaluation.fit import find_training
from shared.settings import Settings

if TYPE_CHECKING:
    from training.propensity.arrays import Rows

SETTINGS = Settings()
SEED = 42
KNOTS = 5
"""Quartiles, and both ends."""

Fit = Callable[[Prepared], object]


def neighbours(prepared: Prepared) -> object:
    from training.similarity import find_neighbours

    ids = [f"i{number:06}" for number in range(prepared.matrix.shape[1])]
    return find_neighbours(ids, prepared.matrix, SETTINGS.neighbours)


def bare_neighbours(prepared: Prepared) -> object:
    model = CosineRecommender(K=SETTINGS.neighbours)
    model.fit(prepared.matrix, show_progress=False)
    return model


def als(prepared: Prepared) -> object:
    from training.collaborative.als import Als

    return Als(prepared.matrix, 0.01, 1.0)


def bare_als(prepared: Prepared) -> object:
    from training.collaborative.als import FACTORS, ITERATIONS

    model = AlternatingLeastSquares(factors=FACTORS, iterations=ITERATIONS, random_state=SEED, use_gpu=False)
    with threadpool_limits(1, "blas"):  # as implicit itself advises
        model.fit(prepared.matrix.astype(np.float32), show_progress=False)
    return model


def personas(prepared: Prepared) -> object:
    from training.personas import LOGGED, cluster

    return cluster(np.log1p(prepared.features[:, : len(LOGGED)]), SETTINGS.personas)


def bare_personas(prepared: Prepared) -> object:
    from training.personas import LOGGED

    points = StandardScaler().fit_transform(np.log1p(prepared.features[:, : len(LOGGED)]))
    with threadpool_limits(1):
        return KMeans(SETTINGS.personas, n_init=10, random_state=SEED).fit(points).predict(points)


def logistic(prepared: Prepared) -> object:
    from training.propensity.learners import LogisticLearner

    with threadpool_limits(1):
        return LogisticLearner().fit(_rows(prepared)).log_odds(prepared.features)


def bare_logistic(prepared: Prepared) -> object:
    with threadpool_limits(1):
        return _pipeline().fit(prepared.features, prepared.labels).decision_function(prepared.features)


def propensity(prepared: Prepared) -> object:
    """All choices of one propensity, and the fit of what they come to."""
    from training.propensity.learn import better, choose, fit_choice

    rows = _rows(prepared)
    with threadpool_limits(1):
        choices = choose(rows)
        return fit_choice(choices[better(choices, rows)], rows)


def bare_propensity(prepared: Prepared) -> object:
    """The same grids by scikit-learn's own search, and the held-out log-odds that a calibration is fitted on."""
    from training.propensity.learn import FOLDS, LEAVES, PENALTIES
    from training.propensity.learners import LEAST_IN_LEAF

    x, y = prepared.features, prepared.labels
    logged, name = FunctionTransformer(np.log1p), "functiontransformer"
    bent = make_pipeline(logged, SplineTransformer(KNOTS, degree=1, knots="quantile"))
    lines = [{name: [logged, FunctionTransformer(), bent]}, {"logisticregression__C": PENALTIES}]
    tree = DecisionTreeClassifier(criterion="log_loss", min_samples_leaf=LEAST_IN_LEAF, random_state=SEED)
    with threadpool_limits(1):
        searches = [
            GridSearchCV(model, grid, scoring="neg_log_loss", cv=FOLDS).fit(x, y)
            for model, grid in ((_pipeline(), lines), (tree, {"max_leaf_nodes": LEAVES}))
        ]
        best = max(searches, key=lambda found: found.best_score_)
        return cross_val_predict(best.best_estimator_, x, y, cv=FOLDS, method="predict_proba")


FITS: Mapping[str, tuple[Fit, Fit]] = {
    "item neighbours": (neighbours, bare_neighbours),
    "ALS": (als, bare_als),
    "personas": (personas, bare_personas),
    "logistic regression": (logistic, bare_logistic),
    "a propensity, all choices": (propensity, bare_propensity),
}
SIDES = ("ours", "bare")


def main(name: str, side: str, folder: str) -> None:
    """Fit once and print what it took."""
    find_training()
    prepared = load(Path(folder))
    fit = FITS[name][SIDES.index(side)]
    warm = Prepared(prepared.matrix[:200], prepared.features[:400], prepared.labels[:400])
    fit(warm)  # imports, and what libraries make at their first call
    begun = time.perf_counter()
    fit(prepared)
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "rss_mb": peak_mb()}))


def _rows(prepared: Prepared) -> "Rows":
    from training.propensity.arrays import Rows

    names = [f"f{number}" for number in range(prepared.features.shape[1])]
    return Rows(names, prepared.features, prepared.labels, np.arange(len(prepared.labels)))


def _pipeline() -> Pipeline:
    regression = LogisticRegression(C=1.0, solver="newton-cholesky", max_iter=200)
    return make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), regression)


if __name__ == "__main__":
    main(*sys.argv[1:])
