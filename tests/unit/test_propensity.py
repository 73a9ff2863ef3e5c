"""The scorer says what scikit-learn says, and why."""

from itertools import product

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from shared.models.artifact import pack_model, unpack_model
from shared.models.propensity import (
    Driver,
    Isotonic,
    Platt,
    PropensityModel,
    calibrate,
    effects_of,
    evaluate,
    probability_of,
)
from shared.models.propensity_features import WORDS, propensity_features, tell
from shared.profiles.profile import EPOCH, new_profile
from shared.settings import Settings
from training.propensity.arrays import Floats, Rows, sigmoid
from training.propensity.calibration import METHODS, Method, calibrated, fit_calibration
from training.propensity.design import BASES, Basis
from training.propensity.learn import Fit, Learner
from training.propensity.learners import LogisticLearner, TreeLearner
from training.propensity.publishing import to_model

NAMES = ["counts", "share", "trend", "flag", "still"]


def crowd(n: int, seed: int = 1) -> Rows:
    """People of whom some act, by skewed counts, a share, a signed trend, a flag; one feature is the same for all."""
    draw = np.random.default_rng(seed)
    features = np.column_stack(
        [draw.poisson(3, n) ** 2.0, draw.random(n), draw.normal(0, 3, n), draw.integers(0, 2, n), np.full(n, 7.3)]
    )
    odds = 0.7 * np.log1p(features[:, 0]) - 2 * features[:, 1] + np.abs(features[:, 2]) * 0.3 + features[:, 3] - 2.5
    return Rows(NAMES, features, (draw.random(n) < sigmoid(odds)).astype(float), np.arange(n))


def anybody(n: int, seed: int = 9) -> Floats:
    """Other people, some of them outside everything seen in training, some exactly on its values."""
    draw = np.random.default_rng(seed)
    strange = draw.normal(0, 30, (n // 2, len(NAMES)))
    return np.vstack([crowd(n - n // 2, seed).features, strange])


def model_of(learner: Learner, method: Method, rows: Rows) -> tuple[PropensityModel, Fit]:
    learned = learner.fit(rows)
    fit = Fit(learned, fit_calibration(learned.log_odds(rows.features), rows.labels, method))
    return to_model(fit, rows, "a purchase", 7.0, 30.0), fit


def scores(model: PropensityModel, features: Floats) -> list[float]:
    return [probability_of(model, dict(zip(NAMES, row, strict=True))) for row in features.tolist()]


LEARNERS: list[Learner] = [*(LogisticLearner(basis, 0.3) for basis in BASES), TreeLearner(4), TreeLearner(64)]


@pytest.mark.parametrize(("learner", "method"), list(product(LEARNERS, METHODS)))
def test_the_hot_path_says_what_training_says(learner: Learner, method: Method) -> None:
    rows, others = crowd(3_000), anybody(2_000)
    model, fit = model_of(learner, method, rows)
    assert np.abs(scores(model, others) - fit.probabilities(others)).max() < 1e-9
    key, fields = pack_model("conversion", "v", model)
    assert unpack_model(fields, PropensityModel) == model
    assert key == "conversion@v"
    assert len(msgspec.msgpack.encode(model)) < 20_000


def test_a_logistic_regression_is_scikit_learns() -> None:
    rows, others = crowd(3_000), anybody(1_000)
    logged = FunctionTransformer(lambda x: np.column_stack([np.log1p(x[:, :2]), x[:, 2:4]]))
    theirs = make_pipeline(logged, StandardScaler(), LogisticRegression(C=0.3, solver="newton-cholesky", max_iter=200))
    theirs.fit(rows.features, rows.labels)
    others[:, :2] = np.maximum(others[:, :2], 0)
    odds = theirs.decision_function(others)
    platt = LogisticRegression(C=np.inf, solver="newton-cholesky")
    platt.fit(theirs.decision_function(rows.features)[:, None], rows.labels)
    model, _ = model_of(LogisticLearner("logged", 0.3), "platt", rows)
    assert np.abs(scores(model, others) - platt.predict_proba(odds[:, None])[:, 1]).max() < 1e-9


def test_a_tree_is_scikit_learns() -> None:
    rows, others = crowd(3_000), anybody(1_000)
    grown = TreeLearner(32).fit(rows)
    model, _ = model_of(TreeLearner(32), "isotonic", rows)
    tree = grown.tree
    share, people = tree.predict_proba(others)[:, 1], tree.tree_.n_node_samples[tree.apply(others)]
    smoothed = (share * people + 2 * rows.labels.mean()) / (people + 2)
    least = 1 / (len(rows.labels) + 2)
    isotonic = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip")
    isotonic.fit(grown.log_odds(rows.features), rows.labels)
    expected = isotonic.predict(np.log(smoothed / (1 - smoothed)))
    assert np.abs(scores(model, others) - expected).max() < 1e-9


def test_a_tree_compares_as_scikit_learn_does_at_its_thresholds() -> None:
    draw = np.random.default_rng(4)
    column = draw.random(400) * 1e-3 + 0.1
    rows = Rows(["x"], column[:, None], (column > np.median(column)).astype(float), np.arange(400))
    model, fit = model_of(TreeLearner(8), "platt", rows)
    assert model.tree
    near = np.array([[np.nextafter(t, t + way)] for t in model.tree.threshold if t for way in (-1, 0, 1)])
    found = [probability_of(model, {"x": x}) for [x] in near.tolist()]
    assert np.abs(found - fit.probabilities(near)).max() < 1e-9


@given(st.lists(st.floats(-30, 30), min_size=2, max_size=40), st.floats(-40, 40), st.integers(0, 2**32))
def test_both_calibrations_are_scikit_learns(odds: list[float], asked: float, seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 2, len(odds)).astype(float)
    labels[:2] = 0.0, 1.0
    for method in METHODS:
        if method == "platt" and (len(set(odds)) < 2 or len(odds) < 10):
            continue  # separable, or nothing to hold on to: no finite slope
        found = fit_calibration(np.array(odds), labels, method)
        assert calibrate(found, asked) == pytest.approx(float(calibrated(found, np.array([asked]))[0]), abs=1e-9)
        assert 0.0 <= calibrate(found, asked) <= 1.0


def test_calibrations_by_hand() -> None:
    assert calibrate(Platt(1.0, 0.0), 0.0) == 0.5
    assert calibrate(Platt(2.0, 1.0), 1e9) == 1.0
    steps = Isotonic([-1.0, 1.0, 2.0], [0.1, 0.3, 0.9])
    assert [calibrate(steps, x) for x in (-9.0, 0.0, 1.5, 2.0, 9.0)] == pytest.approx([0.1, 0.2, 0.6, 0.9, 0.9])


@pytest.mark.parametrize("learner", LEARNERS)
def test_drivers_add_up_to_the_log_odds(learner: Learner) -> None:
    rows = crowd(3_000)
    model, fit = model_of(learner, "platt", rows)
    for row in anybody(50).tolist():
        features = dict(zip(NAMES, row, strict=True))
        said = evaluate(model, features)
        assert said.probability == probability_of(model, features)
        assert [driver.value for driver in said.drivers] == [features[driver.feature] for driver in said.drivers]
        effects = [abs(driver.effect) for driver in said.drivers]
        assert effects == sorted(effects, reverse=True)
        assert len(effects) <= 3
        assert "still" not in [driver.feature for driver in said.drivers]
        total = model.start + sum(effects_of(model, features))
        assert total == pytest.approx(float(fit.learned.log_odds(np.array([row]))[0]), abs=1e-9)


def test_a_driver_has_the_sign_of_what_it_does() -> None:
    model, _ = model_of(LogisticLearner("logged"), "platt", crowd(5_000))
    usual = {"counts": 9.0, "share": 0.5, "trend": 0.0, "flag": 0.0, "still": 7.3}
    many = evaluate(model, usual | {"counts": 80.0, "share": 0.99})
    effects = {driver.feature: driver.effect for driver in many.drivers}
    assert effects["counts"] > 0 > effects["share"]
    assert many.drivers[0].feature == "counts"


@pytest.mark.parametrize("method", METHODS)
def test_percentiles_are_of_those_learned_from(method: Method) -> None:
    rows = crowd(4_000)
    model, _ = model_of(LogisticLearner("logged"), method, rows)
    found = [evaluate(model, dict(zip(NAMES, row, strict=True))).percentile for row in rows.features.tolist()]
    assert min(found) == 0
    assert max(found) == 99
    assert np.mean(np.array(found) >= 90) == pytest.approx(0.1, abs=0.02 if method == "platt" else 0.1)
    assert evaluate(model, dict.fromkeys(NAMES, 0.0) | {"share": 1.0}).percentile < 10


def test_a_stranger_has_all_features() -> None:
    found = propensity_features(new_profile(Settings().half_life), EPOCH, 1)
    assert list(found) == list(WORDS)
    assert set(found.values()) == {0.0}
    assert tell(Driver("unheard_of", 2.5, -1.0)) == "− unheard_of 2.5"


@pytest.mark.parametrize("basis", BASES)
def test_the_same_rows_make_the_same_model(basis: Basis) -> None:
    models = [model_of(LogisticLearner(basis), "platt", crowd(1_000))[0] for _ in range(2)]
    assert msgspec.msgpack.encode(models[0]) == msgspec.msgpack.encode(models[1])
