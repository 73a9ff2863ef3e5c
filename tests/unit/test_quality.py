"""Quality: what few people tell hardly counts, what many tell does, and only if it finds what people go to."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.blend import CONTEXTS, SOURCES, UNLEARNED, BlendModel, Source
from shared.ranking.score import blend
from training.quality import LEAST, MOST, Quality, fit_prior, posterior, unusual
from training.strength import choose_strength
from training.walks import Moment, Pool, Scores


def counts(*pairs: tuple[int, int]) -> tuple[Scores, Scores]:
    """Stayed and left, of (stayed, told)."""
    stayed, told = np.array(pairs, dtype=float).T
    return stayed, told - stayed


def drawn(mean: float, people: float, told: Sequence[int], seed: int = 1) -> tuple[Scores, Scores]:
    """Items whose true shares are drawn from this prior."""
    draw = np.random.default_rng(seed)
    shares = draw.beta(mean * people, (1 - mean) * people, len(told))
    stayed = draw.binomial(told, shares).astype(float)
    return stayed, np.array(told) - stayed


@pytest.mark.parametrize(("mean", "people"), [(0.7, 10.0), (0.3, 40.0)])
def test_the_prior_is_found_again(mean: float, people: float) -> None:
    draw = np.random.default_rng(7)
    found = fit_prior(*drawn(mean, people, draw.integers(1, 60, 20_000).tolist()))
    assert found == pytest.approx((mean, people), rel=0.1)


def test_where_items_differ_by_chance_alone_no_item_is_better() -> None:
    stayed, left = drawn(0.6, 1e9, [20] * 500)
    usual, people = fit_prior(stayed, left)
    assert people > 200
    assert posterior(stayed, left, usual, people) == pytest.approx(usual, abs=0.05)


def test_three_of_three_who_leave_are_no_proof() -> None:
    """The item that 700 of 1,000 leave is the worse one, although all three left the other."""
    stayed, left = counts((0, 3), (300, 1_000), *[(7, 10), (60, 100), (13, 20), (55, 100), (9, 10), (4, 10)] * 20)
    few, many, *_ = posterior(stayed, left, *fit_prior(stayed, left))
    assert many < few


shares = st.floats(0.05, 0.95)
weights = st.floats(LEAST, MOST)


@given(shares, weights, st.integers(1, 500), st.floats(0, 1))
def test_evidence_moves_it_from_what_is_usual_to_what_people_did(
    usual: float, people: float, told: int, share: float
) -> None:
    stayed = round(share * told)
    [once, twice] = posterior(*counts((stayed, told), (2 * stayed, 2 * told)), usual, people)
    own = stayed / told
    low, high = sorted((usual, own))
    assert low - 1e-9 <= once <= high + 1e-9
    assert abs(twice - usual) >= abs(once - usual) - 1e-9


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=20))
def test_any_counts_have_a_prior(pairs: list[tuple[int, int]]) -> None:
    stayed, left = np.array(pairs, dtype=float).T + 0.0
    told = (stayed + left) > 0
    if told.sum() >= 2 and stayed.sum() and left.sum():
        mean, people = fit_prior(stayed[told], left[told])
        assert 0 < mean < 1
        assert LEAST <= people <= MOST


def test_only_what_differs_is_named() -> None:
    found = unusual(Quality(0.5, 10.0, {"good": 0.8, "usual": 0.501, "bad": 0.2}))
    assert found == {"good": 0.8, "bad": 0.2}


def moments(strength: float, n: int = 600, seed: int = 3) -> list[Moment]:
    """People who choose among 30 by the first source, times quality to this power."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        scores, quality = np.zeros((30, len(SOURCES))), draw.uniform(0.3, 1.7, 30)
        scores[:, 0] = draw.random(30)
        worth = np.exp(8 * scores[:, 0] * quality**strength)
        pool = Pool(scores, int(draw.choice(30, p=worth / worth.sum())), quality)
        found.append(Moment("visit", {False: pool, True: pool}))
    return found


@pytest.mark.parametrize(("true", "strengths"), [(0.0, {0.0}), (1.0, {0.5, 1.0, 2.0})])
def test_it_counts_as_much_as_it_finds(true: float, strengths: set[float]) -> None:
    alone = dict.fromkeys(CONTEXTS, np.eye(len(SOURCES))[0])
    assert choose_strength(moments(true), alone, may_return=False) in strengths


def test_a_score_is_multiplied_by_what_quality_is_worth() -> None:
    model = BlendModel("", dict.fromkeys(CONTEXTS, UNLEARNED), False, {"bad": 0.25}, 0.5, 2.0)
    assert model.factors == {"bad": 0.25}
    scores: dict[Source, dict[str, float]] = {"popularity": {"bad": 1.0, "plain": 0.5}}
    ranked = {"popularity": [*scores["popularity"]]}
    blended = blend(ranked, scores, {"popularity": 1.0}, model.factors)  # type: ignore[arg-type]
    assert blended.ranked == [("plain", 0.5), ("bad", 0.25)]
    assert BlendModel("", {}, False, {"bad": 0.25}, 0.5).factors == {}
