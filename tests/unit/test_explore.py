"""What is drawn by chance is drawn with the probability that is told, and so says what another policy would bring."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import fsum, isclose, sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from shared.ranking.explore import explore, inclusion, probabilities, sample
from shared.ranking.scored import Scored

LISTED = [Scored(f"i{place}", 1.0 - place / 20) for place in range(10)]
TRIED = {"n0": 8.0, "n1": 4.0, "n2": 2.0, "n3": 1.0, "n4": 1.0, "n5": 0.5, "i9": 1.0, "i0": 9.0}

weights = st.dictionaries(st.sampled_from([f"w{n}" for n in range(12)]), st.floats(1e-6, 1e6), min_size=1)


@given(weights, st.integers(1, 12), st.floats(0, 1, exclude_max=True))
def test_so_many_are_drawn_each_once(weights: Mapping[str, float], number: int, start: float) -> None:
    number = min(number, len(weights))
    shares = inclusion(weights, number)
    assert isclose(fsum(shares.values()), number, rel_tol=1e-9)
    assert max(shares.values()) <= 1.0 + 1e-9
    below = {item: share / weights[item] for item, share in shares.items() if share < 1.0 - 1e-9}
    assert not below or isclose(min(below.values()), max(below.values()), rel_tol=1e-9), "in proportion"
    drawn = sample(shares, number, start)
    assert len(drawn) == len(set(drawn)) == number
    assert {item for item, share in shares.items() if share == 1.0} <= set(drawn)


@pytest.mark.parametrize(
    ("n", "number", "pinned", "tried"),
    [
        (10, 1.0, frozenset(), TRIED),
        (10, 3.0, frozenset(), TRIED),
        (10, 2.6, frozenset({"i9", "i5"}), TRIED),
        (3, 0.3, frozenset(), TRIED),
        (10, 4.0, frozenset(), {"n0": 5.0, "i8": 1.0}),
        (2, 1.5, frozenset({"i0", "i1"}), TRIED),
    ],
)
def test_items_are_shown_as_often_as_is_told(
    n: int, number: float, pinned: frozenset[str], tried: Mapping[str, float]
) -> None:
    listed, chance, rounds = LISTED[:n], Random(11), 6_000
    expected = probabilities(listed, pinned, tried, number)
    counts: Counter[str] = Counter()
    for _ in range(rounds):
        shown = explore(listed, pinned, tried, number, chance.random)
        counts.update(one.item_id for one in shown)
        assert len({one.item_id for one in shown}) == n
        assert all(one.probability == expected[one.item_id] for one in shown)
        assert all(shown[place] == one for place, one in enumerate(listed) if one.item_id in pinned)
    assert isclose(fsum(expected.values()), n, rel_tol=1e-9)
    open_ = {item: share for item, share in expected.items() if 0.0 < share < 1.0}
    assert all(counts[item] == rounds * share for item, share in expected.items() if item not in open_)
    # Counts of one item are binomial; of several drawn together no more varied than if they were not.
    statistic = sum(
        (counts[item] - rounds * share) ** 2 / (rounds * share * (1 - share)) for item, share in open_.items()
    )
    assert not open_ or statistic < chi2.ppf(1 - 1e-4, len(open_))


@pytest.mark.parametrize(
    ("listed", "tried", "number"),
    [(LISTED, {}, 1.0), (LISTED, TRIED, 0.0), ([], TRIED, 1.0), (LISTED, {"i0": 1.0, "i1": 2.0}, 2.0)],
)
def test_with_nothing_to_try_the_list_stays(
    listed: Sequence[Scored], tried: Mapping[str, float], number: float
) -> None:
    assert explore(listed, frozenset(), tried, number, Random(1).random) == listed


def test_the_log_tells_what_another_policy_would_have_brought() -> None:
    """Inverse propensity scoring: D. Horvitz, D. Thompson, "A Generalization of Sampling Without Replacement From a
    Finite Universe", JASA 1952."""
    chance, rounds = Random(5), 20_000
    rate = {**{f"i{place}": 0.3 - 0.02 * place for place in range(10)}, **{f"n{n}": 0.05 * n for n in range(6)}}
    other = {item: 1.0 / weight for item, weight in TRIED.items()}
    wanted = probabilities(LISTED, frozenset(), other, 2.0)
    value = fsum(share * rate[item] for item, share in wanted.items())
    estimates, seen = [], []
    for _ in range(rounds):
        shown = explore(LISTED, frozenset(), TRIED, 2.0, chance.random)
        clicks = {one.item_id: float(chance.random() < rate[one.item_id]) for one in shown}
        seen.append(sum(clicks.values()))
        estimates.append(sum(wanted[one.item_id] / one.probability * clicks[one.item_id] for one in shown))
    mean = fsum(estimates) / rounds
    error = sqrt(fsum((one - mean) ** 2 for one in estimates) / (rounds - 1) / rounds)
    assert abs(mean - value) < 3.5 * error
    assert abs(fsum(seen) / rounds - value) > 10 * error, "what was seen is the value of another policy"
