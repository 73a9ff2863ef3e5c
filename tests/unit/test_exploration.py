"""Exploration's model: how probable it is that an item is the best, from what was shown and met."""

from math import exp, lgamma, log
from random import Random

import numpy as np
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.exploration import HEADS, TURN, TURN_S, Pool
from training.best import shares_of_best
from training.exploration import EVEN, MOST, NEWEST, Evidence, make_pool, weigh

PLACES = 10


def log_beta(alpha: float, beta: float) -> float:
    return lgamma(alpha) + lgamma(beta) - lgamma(alpha + beta)


def second_is_better(alpha: float, beta: float, other: int, other_beta: float) -> float:
    """P(second > first) of two Beta rates where the second's alpha is whole: E. Miller, "Formulas for Bayesian A/B
    Testing", 2014."""
    return sum(
        exp(
            log_beta(alpha + i, beta + other_beta)
            - log(other_beta + i)
            - log_beta(1 + i, other_beta)
            - log_beta(alpha, beta)
        )
        for i in range(other)
    )


@settings(deadline=None, max_examples=40)
@given(st.floats(1, 300), st.floats(1, 3_000), st.integers(1, 300), st.floats(1, 3_000))
def test_of_two_it_is_the_closed_form(alpha: float, beta: float, other: int, other_beta: float) -> None:
    _, second = shares_of_best(np.array([alpha, other]), np.array([beta, other_beta]))
    assert second == pytest.approx(second_is_better(alpha, beta, other, other_beta), abs=2e-3)


def test_of_many_it_is_how_often_a_draw_is_the_largest() -> None:
    draw = np.random.default_rng(3)
    alpha, beta = draw.uniform(1, 60, 40), draw.uniform(100, 900, 40)
    rounds = 100_000
    won = np.bincount(draw.beta(alpha, beta, (rounds, 40)).argmax(axis=1), minlength=40)
    found = shares_of_best(alpha, beta)
    assert found.sum() == pytest.approx(1.0)
    assert np.abs(won / rounds - found).max() < 0.006
    assert shares_of_best(np.ones(7), np.full(7, 30.0)) == pytest.approx(1 / 7)


def shown(clicks: dict[str, float], rounds: int = 400, seed: int = 2) -> pyarrow.Table:
    """Items whose rate at the first place is this, each shown at places in turn; further down it is less."""
    draw = Random(seed)
    rows = []
    for number, (item, rate) in enumerate(clicks.items()):
        place = number % PLACES + 1
        met = sum(draw.random() < rate / place for _ in range(rounds))
        rows.append({"item_id": item, "place": place, "shown": rounds, "met": met, "is_there": item != "gone"})
    return pyarrow.Table.from_pylist(rows)


def test_a_place_where_little_is_met_is_no_fault_of_the_item() -> None:
    known = weigh(shown({f"i{n:03}": 0.3 for n in range(200)}))
    at = np.array([int(item[1:]) % PLACES for item in known.item_ids])
    rates = known.met / known.shown
    assert rates[at == 0].mean() == pytest.approx(rates[at == PLACES - 1].mean(), rel=0.15)


def test_an_item_that_is_met_more_than_what_stands_above_it_is_the_better_one() -> None:
    rows = [(f"i{place}", place, 1_000, 100 if place == 3 else 20) for place in (1, 2, 3, 4)]
    names = ("item_id", "place", "shown", "met")
    table = [dict(zip(names, row, strict=True)) | {"is_there": True} for row in rows]
    pool = make_pool(weigh(pyarrow.Table.from_pylist(table)), [])
    assert pool
    assert pool.items[0][0] == "i3"
    assert pool.items[0][1] > 0.8


def test_the_pool_has_the_newest_and_the_promising_and_no_probability_is_nought() -> None:
    rates = {f"i{n:03}": 0.02 + 0.3 * (n == 5) for n in range(400)} | {"gone": 0.9}
    newest = [f"new{n}" for n in range(NEWEST - 1)] + ["i007"]
    pool = make_pool(weigh(shown(rates)), newest)
    assert pool
    shares = dict(pool.items)
    assert len(shares) == MOST
    assert set(newest) <= shares.keys()
    assert "gone" not in shares
    assert pool.items[0][0] == "i005"
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert min(shares.values()) >= EVEN / (MOST + 1) * 0.999
    assert {shares[f"new{n}"] for n in range(9)} == {pool.newcomer}
    assert sum(shares.values()) + pool.newcomer == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("met", [0.0, 5.0])
def test_where_nothing_or_all_was_met_nothing_can_be_said(met: float) -> None:
    ids, numbers = ["a", "b"], np.full(2, 5.0)
    assert make_pool(Evidence(ids, numbers, np.full(2, met), np.ones(2, dtype=bool)), []) is None


@given(st.integers(1, 200), st.integers(0, 10**6))
def test_over_all_turns_each_item_has_its_share(number: int, start: int) -> None:
    pool = Pool([(f"i{n}", 1.0 / (n + 1)) for n in range(number)], 0.1)
    turns = max(1, -(-(number - HEADS) // TURN))
    sums: dict[str, float] = {}
    for turn in range(turns):
        now = list(pool.at((start + turn) * TURN_S))
        assert len(now) <= HEADS + TURN
        for item, weight in now:
            sums[item] = sums.get(item, 0.0) + weight / turns
    assert sums == pytest.approx(dict(pool.items))
