"""Folds roll through what one split would predict; drawn lists hold the target and strangers."""

import pytest

from infra.evaluation.sampled import NEGATIVES, draw, top
from infra.evaluation.split import Prediction
from shared.errors import PermanentError
from tests.unit.test_evaluation_splits import act, folds, ids, split

EVENTS = [act(f"p{number:02}", 60 * number + step, item) for number in range(20) for step, item in enumerate("abc")]


def test_folds_of_sessions_are_parts_of_the_single_split() -> None:
    whole, parts = split("sessions:0.5", *EVENTS), folds("sessions:0.5", 5, *EVENTS)
    assert [prediction for part in parts for prediction in part.predictions] == whole.predictions
    assert parts[0].train == whole.train
    assert [len(part.train) for part in parts] == [30, 36, 42, 48, 54]


def test_each_fold_is_trained_on_all_before_it_and_on_nothing_later() -> None:
    for part in folds("sessions:0.4", 3, *EVENTS):
        first = min(EVENTS.index(event) for event in EVENTS if event not in part.train)
        asked = {prediction.person[2:] for prediction in part.predictions}
        assert ids(part.train) == ids(EVENTS[:first])
        assert min(asked) == EVENTS[first].user_id


def test_folds_of_days_are_parts_of_the_single_split() -> None:
    whole, parts = split("days:0.5", *EVENTS), folds("days:0.5", 4, *EVENTS)
    assert [prediction for part in parts for prediction in part.predictions] == whole.predictions
    assert [len(part.train) for part in parts] == sorted(len(part.train) for part in parts)
    assert "up to the last" in parts[0].rule
    assert "up to the last" not in parts[-1].rule


def test_folds_of_last_items_go_back_step_by_step() -> None:
    parts = folds("leave-last", 2, *EVENTS[:3], *(act("all", n, item) for n, item in enumerate("abcde")))
    asked = [[one for one in part.predictions if one.person == "u:p00"] for part in parts]
    assert asked == [[Prediction("u:p00", 1, "b")], [Prediction("u:p00", 2, "c")]]
    assert [sum(event.user_id == "p00" for event in part.train) for part in parts] == [1, 2]


def test_of_whom_too_little_is_known_nothing_is_held_out() -> None:
    [earlier, _] = folds("leave-last", 2, act("ann", 0, "a"), act("ann", 1, "b"), act("bob", 0, "b"))
    assert (len(earlier.train), earlier.predictions) == (3, [])


@pytest.mark.parametrize("number", [0, -1, 1_000])
def test_a_number_of_folds_that_makes_no_sense_is_refused(number: int) -> None:
    with pytest.raises(PermanentError, match=r"--folds: expected 1 to 50"):
        folds("sessions:0.5", number)


def test_drawn_lists_hold_the_target_and_strangers() -> None:
    catalogue = [f"i{number}" for number in range(1_000)]
    met = set(catalogue[:400])
    drawn = draw(catalogue, "i500", met, "ann 3")
    assert len(drawn) == len(set(drawn)) == NEGATIVES + 1
    assert "i500" in drawn
    assert met.isdisjoint(drawn)
    assert draw(catalogue, "i500", met, "ann 3") == drawn != draw(catalogue, "i500", met, "ann 4")
    assert sorted(draw(catalogue[:5], "i4", {"i0"}, "ann")) == ["i1", "i2", "i3", "i4"]


def test_places_among_those_drawn() -> None:
    drawn = ["d", "b", "a", "c"]
    assert top(["x", "a", "y", "b", "c"], drawn, 2) == ["a", "b"]
    assert top(["x", "b"], drawn, 3) == ["b", "d", "a"], "what the model does not name ties, in the order drawn"
    assert top([], drawn, 3) == []
