"""What is disliked lowers what is like it, and never makes a candidate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.kinds import SPILL
from shared.models.items import Item
from shared.profiles.profile import Profile
from shared.ranking.candidates import ANCHORS, AVERSIONS, anchors, from_neighbours, leading_anchor
from tests.unit.people import folded, make


def person(*acts: tuple[int, str]) -> Profile:
    """Somebody who at once did these (item, kind)."""
    return folded([make(number, kind, 0, item) for number, (item, kind) in enumerate(acts)])  # type: ignore[arg-type]


def items(**neighbours: dict[str, float]) -> dict[str, Item]:
    return {name: Item(name, neighbours=near) for name, near in neighbours.items()}


def test_a_disliked_item_lowers_its_neighbours_by_the_stated_share() -> None:
    weights = anchors(person((1, "add_to_cart"), (2, "remove_from_cart")))
    assert weights == pytest.approx({"i1": 1.0, "i2": -2 / 3}, abs=1e-3)
    known = items(i1={"a": 0.8, "b": 0.6, "c": 0.1}, i2={"b": 0.9, "c": 0.9, "d": 0.9})
    assert from_neighbours(weights, known) == pytest.approx({"a": 0.8, "b": 0.6 - SPILL * 2 / 3 * 0.9}, abs=1e-3)
    assert leading_anchor("b", weights, known) == "i1"


def test_dislike_alone_proposes_nothing() -> None:
    weights = anchors(person((2, "dismiss")))
    assert from_neighbours(weights, items(i2={"a": 0.9})) == {}


def test_no_dislike_weighs_more_than_the_strongest_liking() -> None:
    weights = anchors(person((1, "click"), *[(2, "dismiss")] * 4))
    assert weights["i2"] == -1.0


def test_the_strongest_of_each_are_asked_for() -> None:
    liked = [(number, "click") for number in range(40)]
    disliked = [(number, "dismiss") for number in range(100, 130)]
    weights = anchors(person(*liked, *disliked))
    assert sum(weight > 0 for weight in weights.values()) == ANCHORS
    assert sum(weight < 0 for weight in weights.values()) == AVERSIONS


weight = st.one_of(st.floats(0.001, 1), st.floats(-1, -0.001))
near = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.01, 1), max_size=5)


@given(
    st.dictionaries(st.sampled_from(["i1", "i2", "i3", "i4"]), weight), st.fixed_dictionaries({"i1": near, "i2": near})
)
def test_dislike_never_raises_nor_adds(weights: dict[str, float], near: dict[str, dict[str, float]]) -> None:
    ordered = dict(sorted(weights.items(), key=lambda pair: -pair[1]))
    found = from_neighbours(ordered, items(**near))
    liked = from_neighbours({name: value for name, value in ordered.items() if value > 0}, items(**near))
    assert found.keys() <= liked.keys()
    assert all(0 < score <= liked[item] for item, score in found.items())
