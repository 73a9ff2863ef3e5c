"""Propensities are learned, judged and, where that is better, refused."""

import warnings
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from shared.models.artifact import pack_model
from shared.models.propensity import Platt
from tests.unit.test_propensity import crowd
from training.metrics.calibration_error import calibration_error, curve
from training.propensity.arrays import Floats, Rows, folds_of
from training.propensity.audit import leaks, why_not
from training.propensity.figures import METRICS, figures_of
from training.propensity.fit import Rival, beside, read_rival
from training.propensity.judge import LATER, UNSEEN, judge, worse
from training.propensity.learn import LEAVES, better, choose, fit_choice
from training.propensity.learners import TreeLearner
from training.propensity.publishing import to_model
from training.propensity.rows import Seen


def test_metrics_are_scikit_learns() -> None:
    draw = np.random.default_rng(0)
    labels, weights = draw.integers(0, 2, 500).astype(float), draw.integers(0, 4, 500).astype(float)
    theirs = {
        "roc_auc": roc_auc_score,
        "average_precision": average_precision_score,
        "brier": brier_score_loss,
        "log_loss": log_loss,
    }
    for probabilities in (draw.random(500), draw.integers(1, 9, 500) / 10, np.full(500, 0.5)):
        for name, metric in theirs.items():
            expected = metric(labels, probabilities, sample_weight=weights)
            assert METRICS[name](labels, probabilities, weights) == pytest.approx(expected, abs=1e-12), name


def test_a_metric_of_one_class_is_undefined() -> None:
    ones = np.ones(5)
    assert np.isnan(METRICS["roc_auc"](ones, ones / 2, ones))
    assert np.isnan(METRICS["average_precision"](0 * ones, ones / 2, ones))
    assert METRICS["brier"](ones, ones / 2, ones) == 0.25


def test_calibration_error_by_hand() -> None:
    said = np.repeat([0.1, 0.3], 50)
    labels = np.concatenate([np.ones(10), np.zeros(40), np.ones(15), np.zeros(35)])
    assert calibration_error(labels, said, np.ones(100)) == pytest.approx(0.05)
    assert [each for point in curve(labels, said) for each in point] == pytest.approx([0.1, 0.2, 50, 0.3, 0.3, 50])


def test_intervals_hold_the_value_and_narrow_with_people() -> None:
    few, many = crowd(300), crowd(3_000)
    widths = []
    for rows in (few, many):
        found = figures_of(rows.labels, np.full(len(rows.labels), 0.3) + rows.features[:, 3] / 5, rows.people)
        assert all(each["low"] <= each["value"] <= each["high"] for each in found.values())
        widths.append(found["roc_auc"]["high"] - found["roc_auc"]["low"])
    assert widths[1] < widths[0] / 2
    assert figures_of(few.labels, few.features[:, 1], few.people) == figures_of(
        few.labels, few.features[:, 1], few.people
    )


def test_rows_of_a_person_are_drawn_together() -> None:
    rows = crowd(1_000)
    said = 1 - rows.features[:, 1]
    alone = figures_of(rows.labels, said, rows.people)["roc_auc"]
    often = figures_of(np.tile(rows.labels, 5), np.tile(said, 5), np.tile(rows.people, 5))["roc_auc"]
    assert often == pytest.approx(alone), "the same people five times know no more"


def test_folds_keep_people_together_and_spread_those_who_act() -> None:
    rows = crowd(1_000)
    doubled = rows.take(np.tile(np.arange(1_000), 2))
    folds = folds_of(doubled, 5)
    assert (folds[:1_000] == folds[1_000:]).all()
    acted = [doubled.labels[folds == fold].sum() for fold in range(5)]
    assert max(acted) - min(acted) <= 2


def test_both_are_learned_and_the_better_calibrated_is_chosen() -> None:
    rows = crowd(3_000)
    choices = choose(rows)
    assert list(choices) == ["logistic", "tree"]
    assert better(choices, rows) == "logistic"
    steps = rows._replace(labels=(np.random.default_rng(2).random(3_000) < _xor(rows)).astype(float))
    assert better(choose(steps), steps) == "tree"
    again = choose(rows)
    for name, choice in choices.items():
        assert (again[name].probabilities == choice.probabilities).all()


def test_a_large_tree_says_what_smaller_ones_would() -> None:
    rows, others = crowd(2_000), crowd(500, seed=4)
    grown = TreeLearner(max(LEAVES)).fit(rows)
    for leaves, said in zip(LEAVES, grown.log_odds_by_leaves(others.features, LEAVES), strict=True):
        assert (said == TreeLearner(leaves).fit(rows).log_odds(others.features)).all(), leaves


def _xor(rows: Rows) -> Floats:
    """Neither line nor bend tells it."""
    found: Floats = np.where((rows.features[:, 3] > 0) ^ (rows.features[:, 1] > 0.5), 0.9, 0.1)
    return found


def test_probabilities_are_those_of_the_population_however_rare_the_act() -> None:
    rows = crowd(8_000)
    rare = rows.take(np.flatnonzero((rows.labels == 0) | (np.arange(8_000) % 20 == 0)))
    assert 0.01 < rare.labels.mean() < 0.05
    choices = choose(rare)
    said = fit_choice(choices[better(choices, rare)], rare).probabilities(rare.features)
    assert said.mean() == pytest.approx(rare.labels.mean(), rel=0.1)
    assert calibration_error(rare.labels, said, np.ones_like(said)) < 0.01


def seen_of(rows: Rows, snapshots: int) -> Seen:
    return Seen(rows, np.arange(len(rows.labels)) % snapshots, "a purchase")


def test_the_newest_snapshot_judges_models_of_those_whose_windows_had_ended() -> None:
    rows = crowd(3_000)
    found = judge(seen_of(rows, 6), step_days=7, window_days=7)
    assert found.how == LATER
    assert not found.doubt
    assert set(found.figures) == {"logistic", "tree", "boosted", "base"}
    assert sum(n for _, _, n in found.curve) == 500
    assert judge(seen_of(rows, 4), step_days=7, window_days=30).how == UNSEEN
    assert sum(n for _, _, n in judge(seen_of(rows, 4), step_days=7, window_days=30).curve) == 3_000


def test_worse_than_the_live_model_where_it_could_not_know_stays_out() -> None:
    rows = crowd(3_000)
    many = crowd(20_000, seed=7)
    good = to_model(fit_choice(choose(many)["logistic"], many), many, "a purchase", 7.0, 30.0)
    bad = msgspec.structs.replace(good, calibration=Platt(0.2, 0.5))
    better = judge(seen_of(rows, 6), 7, 7, bad)
    assert better.doubt == ""
    assert better.ahead
    assert better.ahead["low"] > 0
    alike = judge(seen_of(rows, 6), 7, 7, good)
    assert alike.ahead
    assert alike.ahead["low"] < 0 < alike.ahead["high"], "as good as it gets"
    assert alike.doubt == ""
    noisy = rows._replace(features=np.column_stack([np.roll(rows.features[:, 0], 1), rows.features[:, 1:]]))
    mixed = rows._replace(features=np.where((np.arange(3_000) % 6 > 0)[:, None], noisy.features, rows.features))
    found = judge(seen_of(mixed, 6), 7, 7, good)
    assert found.doubt.startswith("worse than what is live: log loss +")
    assert found.figures["live"]["log_loss"]["value"] < found.figures[found.name]["log_loss"]["value"]


def test_a_model_that_has_gone_wrong_is_worse_even_where_both_have_learned() -> None:
    rows = crowd(3_000)
    choice = choose(rows)["logistic"]
    fit = fit_choice(choice, rows)
    live = to_model(fit, rows, "a purchase", 7.0, 30.0)
    same = beside(live, fit, seen_of(rows, 6))
    assert same
    assert worse(same) == ""
    assert same["value"] == pytest.approx(0, abs=1e-9)
    broken = beside(live, fit._replace(calibration=Platt(-1.0, 0.0)), seen_of(rows, 6))
    assert worse(broken).startswith("worse than what is live: log loss +")


def test_a_probability_that_is_none_is_no_better_than_the_base_rate() -> None:
    found = judge(seen_of(crowd(3_000), 6), 7, 7)
    found.figures[found.name]["log_loss"]["value"] = float("nan")
    assert found.doubt == "it says no more than how many do"


def test_a_live_model_is_asked_only_of_what_it_had_not_seen() -> None:
    rows, cutoff = crowd(500), datetime(2026, 3, 1, tzinfo=UTC)
    seen = seen_of(rows, 6)
    model = to_model(fit_choice(choose(rows)["logistic"], rows), rows, "a purchase", 7.0, 30.0)
    for version, days, goal, asked in (
        ("20260222T000000Z-abcdef", 7.0, "a purchase", Rival(model, False)),
        ("20260222T000001Z-abcdef", 7.0, "a purchase", Rival(model, True)),
        ("20260101T000000Z-abcdef", 14.0, "a purchase", None),
        ("20260101T000000Z-abcdef", 7.0, "an act of high intent", None),
    ):
        told = msgspec.structs.replace(model, version=version, goal=goal)
        _, fields = pack_model("conversion", version, told)
        found = read_rival(fields, seen, days, cutoff)
        assert (found and found.has_seen) == (asked and asked.has_seen), version
        assert read_rival({**fields, "checksum": "0"}, seen, days, cutoff) is None
    assert read_rival(None, seen, 7.0, cutoff) is None


def test_what_overlaps_the_newest_window_is_not_learned_from_for_judging() -> None:
    rows = crowd(3_000)
    seen = seen_of(rows, 6)
    lies = np.where((seen.snapshots > 0) & (seen.snapshots < 5), 1 - rows.labels, rows.labels)
    found = judge(seen._replace(rows=rows._replace(labels=lies)), step_days=7, window_days=30)
    assert found.how == LATER
    assert found.figures[found.name]["roc_auc"]["value"] > 0.7


def test_noise_does_not_earn_its_keep() -> None:
    rows = crowd(2_000)
    coins = rows._replace(labels=np.random.default_rng(5).integers(0, 2, 2_000).astype(float))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = judge(seen_of(coins, 4), 7, 7)
    assert found.figures[found.name]["roc_auc"]["value"] < 0.6
    assert found.doubt == "it says no more than how many do"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rows: rows.take(np.arange(0)), "nobody had acted long enough"),
        (lambda rows: rows._replace(labels=np.ones(500)), "there are 500 and 0"),
        (lambda rows: rows._replace(labels=np.where(np.arange(500) < 24, 1.0, 0.0)), "there are 24 and 476"),
        (lambda rows: rows._replace(people=np.arange(500) % 20), "there are 20 and"),
        (lambda rows: rows._replace(features=np.full((500, 5), 3.0)), "all 500 people are alike"),
        (
            lambda rows: rows._replace(features=np.where(rows.features == 7.3, np.nan, rows.features)),
            "not a number: st",
        ),
        (
            lambda rows: rows._replace(features=np.where(rows.features == 7.3, np.inf, rows.features)),
            "not a number: st",
        ),
    ],
)
def test_what_can_not_be_learned_is_refused_with_a_reason(change: object, reason: str) -> None:
    assert callable(change)
    assert reason in (why_not(change(crowd(500))) or "")
    assert why_not(crowd(500)) is None


def test_a_feature_that_knows_the_label_is_found_out() -> None:
    rows = crowd(2_000)
    assert leaks(rows) == []
    for leak in (rows.labels, -rows.labels + 1e-3 * rows.features[:, 1]):
        leaking = rows._replace(features=np.column_stack([rows.features[:, :4], leak]))
        assert leaks(leaking) == ["still"]
        assert "still tells by itself" in (why_not(leaking) or "")
