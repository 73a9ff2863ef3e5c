"""Each source of candidates says what it promises; what is disliked lowers what is like it, and proposes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.kinds import SPILL
from shared.models.items import Item
from shared.profiles.profile import Profile
from shared.ranking.candidates import (
    ANCHORS,
    AVERSIONS,
    FADE,
    RETURN_FADE,
    anchors,
    from_neighbours,
    from_next,
    from_returns,
    latest,
    leading_anchor,
    liked_categories,
)
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


def test_whoever_leaves_many_items_keeps_what_they_like() -> None:
    liked = [(number, "bookmark") for number in range(5)]
    left = [(number, "dismiss") for number in range(100, 100 + 2 * ANCHORS)]
    weights = anchors(person(*liked, *left))
    assert {item_id for item_id, weight in weights.items() if weight > 0} == {f"i{number}" for number in range(5)}


def test_a_weight_of_nothing_proposes_nothing() -> None:
    assert from_neighbours({"i1": 1.0, "i2": 0.0, "i3": 0.0}, items(i1={"a": 0.5}, i2={"b": 0.5}, i3={})) == {"a": 0.5}


def test_what_was_met_last_speaks_loudest() -> None:
    met = [make(number, "click", number, number) for number in range(FADE + 1)]
    weights = anchors(folded(met))
    assert list(weights) == [f"i{number}" for number in reversed(range(FADE + 1))]
    assert weights[f"i{FADE}"] == 1.0
    assert weights["i0"] == pytest.approx(0.5, abs=1e-3)
    strong = anchors(folded([*met, make(9, "purchase", 0.5, 1)]))
    assert strong["i1"] / strong[f"i{FADE}"] > weights["i1"] / weights[f"i{FADE}"]


def test_the_next_step_backs_off_from_two_items_to_one() -> None:
    known = {"b": Item("b", next=[("c", 0.6), ("d", 0.4)], ways={"a": (0.75, [("e", 0.5), ("c", 0.5)])})}
    assert from_next(["b", "x"], known) == {"c": 0.6, "d": 0.4}
    assert from_next(["b", "a"], known) == pytest.approx({"c": 0.25 * 0.6 + 0.75 * 0.5, "d": 0.1, "e": 0.375})
    assert from_next(["b"], known) == from_next(["b", "x"], known)
    assert from_next(["x"], known) == from_next([], known) == {}


def test_people_come_back_to_what_they_left_but_not_to_what_they_dislike() -> None:
    acts = [make(number, "click", number, number) for number in range(RETURN_FADE + 2)]
    profile = folded([*acts, *(make(100 + number, "dismiss", 50, 3) for number in range(2))])
    scores = from_returns(profile, latest(profile))
    assert scores.keys() == {"i0", "i1", "i2", "i4"}
    assert scores["i1"] == 0.5
    assert sorted(scores, key=scores.__getitem__, reverse=True) == ["i4", "i2", "i1", "i0"]


def test_categories_are_those_of_the_anchors_or_else_of_the_interests() -> None:
    profile = person((1, "click"), (2, "click"))
    weights = anchors(profile)
    known = {"i1": Item("i1", category="hats"), "i2": Item("i2", category="toys")}
    assert liked_categories(profile, weights, {"i1": known["i1"]}) == {"hats": 1.0}
    assert list(liked_categories(profile, {"i2": 1.0, "i1": 0.5}, known).items()) == [("toys", 1.0), ("hats", 0.5)]
    assert liked_categories(profile, weights, {}).keys() == {"c1", "c2"}


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
