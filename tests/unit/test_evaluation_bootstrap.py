"""Intervals against what theory says of them."""

import numpy as np
import pytest

from training.bootstrap import RESAMPLES, estimate, resample_means


def test_the_interval_of_a_share_is_the_binomial_one() -> None:
    values = np.repeat([1.0, 0.0], [300, 700])[:, None]
    found = estimate(0.3, resample_means(values, np.arange(1_000))[:, 0])
    error = 1.96 * np.sqrt(0.3 * 0.7 / 1_000)
    assert found.low == pytest.approx(0.3 - error, abs=0.004)
    assert found.high == pytest.approx(0.3 + error, abs=0.004)


def test_ten_like_predictions_of_a_person_are_no_ten_people() -> None:
    rng = np.random.default_rng(1)
    alike = np.repeat(rng.integers(0, 2, 100), 10).astype(float)[:, None]
    by_person = resample_means(alike, np.repeat(np.arange(100), 10)).std()
    by_prediction = resample_means(alike, np.arange(1_000)).std()
    assert by_person == pytest.approx(by_prediction * np.sqrt(10), rel=0.15)


def test_columns_are_drawn_together() -> None:
    values = np.random.default_rng(2).random((50, 1))
    means = resample_means(np.hstack([values, values + 1]), np.arange(50) % 7)
    assert means.shape == (RESAMPLES, 2)
    assert np.allclose(means[:, 1] - means[:, 0], 1)


def test_the_same_draws_every_time() -> None:
    values, people = np.random.default_rng(3).random((20, 3)), np.arange(20) % 5
    assert np.array_equal(resample_means(values, people), resample_means(values, people))
