"""Metrics by hand: three lists, of which one hits first, one third, and one not at all."""

from math import isnan, log2

import pytest

from infra.evaluation.figures import Crowd, Round, Section, measure
from infra.evaluation.pairs import ahead_of
from infra.evaluation.predict import Predicted
from training.metrics.coverage import coverage
from training.metrics.hit_rate import hit
from training.metrics.ndcg import ndcg
from training.metrics.novelty import novelty
from training.metrics.reciprocal_rank import reciprocal_rank
from training.metrics.repetition import repetition

TEN = [f"i{place}" for place in range(1, 11)]


@pytest.mark.parametrize(
    ("target", "hits", "gain", "reciprocal"),
    [
        ("i1", 1, 1, 1),
        ("i2", 1, 1 / log2(3), 1 / 2),
        ("i3", 1, 1 / 2, 1 / 3),
        ("i7", 1, 1 / 3, 1 / 7),
        ("i10", 1, 1 / log2(11), 1 / 10),
        ("other", 0, 0, 0),
    ],
)
def test_a_hit_counts_by_its_place(target: str, hits: float, gain: float, reciprocal: float) -> None:
    assert hit(TEN, target) == hits
    assert ndcg(TEN, target) == pytest.approx(gain)
    assert reciprocal_rank(TEN, target) == pytest.approx(reciprocal)


def test_an_empty_list_is_a_miss() -> None:
    assert (hit([], "a"), ndcg([], "a"), reciprocal_rank([], "a")) == (0.0, 0.0, 0.0)


def test_coverage_counts_items_once() -> None:
    assert coverage([["a", "b"], ["b", "c"], []], catalogue=6) == 0.5
    assert coverage([[]], catalogue=6) == 0.0
    assert isnan(coverage([], catalogue=0))


def test_novelty_is_surprise_in_bits() -> None:
    met_by = {"everybody's": 16, "few's": 2}
    assert novelty([["everybody's"]], met_by, people=16) == 0.0
    assert novelty([["few's"], ["everybody's", "nobody's"]], met_by, people=16) == pytest.approx((3 + 0 + 4) / 3)
    assert isnan(novelty([[]], met_by, people=16))


def test_repetition_is_of_what_is_shown() -> None:
    assert repetition([(["a", "b", "c"], {"c", "z"}), ([], {"a"}), (["a"], {"a"})]) == 2 / 4
    assert isnan(repetition([([], {"a"})]))


def shown(person: str, target: str, attune: list[str], other: list[str], new: bool = True) -> Predicted:
    lists = {"attune": attune, "other": other, "silent": list[str]()}
    return Predicted(person, target, frozenset("b"), {"all": lists, "novel": lists} if new else {"all": lists})


PREDICTED = [
    shown("ann", "a", ["a", "b", "c"], ["b"]),
    shown("ann", "a", ["c", "b", "a"], ["a"], new=False),
    shown("bob", "d", ["a", "b", "c"], ["e"]),
]
CROWD = Crowd(people=4, met_by={"a": 4, "b": 2, "c": 1}, items=6)


def test_means_over_predictions() -> None:
    section = measure([Round(PREDICTED, CROWD)], "all")
    assert (section.predictions, section.people) == (3, 2)
    attune, other = section.models["attune"], section.models["other"]
    assert attune.accuracy["HR@10"].value == pytest.approx(2 / 3)
    assert attune.accuracy["NDCG@10"].value == pytest.approx((1 + 1 / 2) / 3)
    assert attune.accuracy["MRR@10"].value == pytest.approx((1 + 1 / 3) / 3)
    assert attune.coverage == 3 / 6
    assert attune.repetition == 3 / 9
    assert attune.novelty == pytest.approx((0 + 1 + 2) / 3)
    assert other.accuracy["HR@10"].value == pytest.approx(1 / 3)
    assert other.coverage == 3 / 6
    for metric, ahead in (("HR@10", 1 / 3), ("MRR@10", (1 + 1 / 3 - 1) / 3)):
        pair, back = (ahead_of(section.pairs, metric, *names) for names in (("attune", "other"), ("other", "attune")))
        assert pair
        assert back
        assert pair.ahead.value == pytest.approx(ahead)
        assert (back.ahead.low, back.ahead.high) == (-pair.ahead.high, -pair.ahead.low)


def test_intervals_come_from_drawing_people() -> None:
    # Two people: a draw has ann twice (every prediction a hit), bob twice (none), or both (two of three).
    found = measure([Round(PREDICTED, CROWD)], "all").models["attune"].accuracy["HR@10"]
    assert (found.low, found.high) == (0.0, 1.0)


def test_a_protocol_takes_only_its_own_predictions() -> None:
    section = measure([Round(PREDICTED, CROWD)], "novel")
    assert (section.predictions, section.people) == (2, 2)
    assert section.models["attune"].accuracy["HR@10"].value == 1 / 2


def test_a_model_that_shows_nothing_is_undefined_not_bad() -> None:
    silent = measure([Round(PREDICTED, CROWD)], "all").models["silent"]
    assert all(isnan(found.value) for found in silent.accuracy.values())
    assert isnan(silent.coverage)


def test_no_hit_is_not_certainty() -> None:
    # Hanley and Lippman-Hand's rule of three: nobody of 60 may still be three of 60.
    missed = [shown(f"p{number}", "z", ["a"], ["b"]) for number in range(60)]
    found = measure([Round(missed, CROWD)], "all").models["attune"].accuracy["HR@10"]
    assert (found.value, found.low, found.high) == (0.0, 0.0, 3 / 60)


def test_no_predictions_no_figures() -> None:
    assert measure([Round([], CROWD)], "all") == Section(0, 0, {}, [])
