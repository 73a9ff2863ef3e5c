"""Neighbours out of factors: the best cosines of all pairs, whatever is in memory at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.collaborative import dense
from training.collaborative.from_factors import neighbours_of_factors


@given(st.integers(1, 60), st.integers(1, 5), st.integers(1, 70), st.integers(0, 9))
def test_neighbours_have_the_highest_cosines(items: int, width: int, n: int, seed: int) -> None:
    factors = np.random.default_rng(seed).normal(size=(items, width)).astype(np.float32)
    factors[0] = 0
    item_ids = [f"i{number:02}" for number in range(items)]
    found = neighbours_of_factors(item_ids, factors, n)
    exact = factors.astype(float)
    exact[1:] /= np.linalg.norm(exact[1:], axis=1, keepdims=True)
    cosines = exact @ exact.T
    for place in range(items):
        similar = found.of(place)
        best = sorted((cosines[place, other] for other in range(items) if other != place), reverse=True)[:n]
        assert [value for _, value in similar] == pytest.approx([one for one in best if one > 5e-7], abs=2e-6)
        assert similar == sorted(similar, key=lambda pair: (-pair[1], pair[0]))
        assert item_ids[place] not in dict(similar)


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    factors = np.random.default_rng(1).normal(size=(50, 4)).astype(np.float32)
    item_ids = [f"i{number:02}" for number in range(50)]
    whole = neighbours_of_factors(item_ids, factors, 5)
    monkeypatch.setattr(dense, "BLOCK_BYTES", 4 * 50 * 7)
    parts = neighbours_of_factors(item_ids, factors, 5)
    assert [whole.of(place) for place in range(50)] == [parts.of(place) for place in range(50)]


def test_ties_go_to_the_first_by_id() -> None:
    found = neighbours_of_factors([f"i{number}" for number in range(6)], np.ones((6, 2), np.float32), 2)
    assert [item_id for item_id, _ in found.of(4)] == ["i0", "i1"]
