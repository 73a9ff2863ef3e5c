"""Session-kNN by hand."""

from datetime import UTC, datetime, timedelta
from math import log

import pytest

from infra.evaluation.session_knn import from_sessions, read_index
from shared.events.event import Event

START = datetime(2026, 1, 1, tzinfo=UTC)
GAP = timedelta(minutes=30)


def session(person: str, hour: int, items: str) -> list[Event]:
    return [
        Event(
            event_id=f"{person}-{hour}-{number}",
            kind="item_view",
            occurred_at=START + timedelta(hours=hour, minutes=number),
            user_id=person,
            item_ids=(item,),
        )
        for number, item in enumerate(items)
    ]


EVENTS = [*session("ann", 0, "abc"), *session("bob", 1, "bd"), *session("ann", 2, "aef"), *session("cyd", 3, "gh")]


def test_sessions_are_indexed_by_item_the_latest_last() -> None:
    index = read_index(EVENTS, GAP)
    assert index.sessions == [["a", "b", "c"], ["b", "d"], ["a", "e", "f"], ["g", "h"]]
    assert index.of_item["a"] == [0, 2]


def test_scores_are_those_of_the_formula() -> None:
    scores = from_sessions(["b", "a"], read_index(EVENTS, GAP))  # b was met last: weights 1 and 1/2
    rare, common = log(4), log(2)
    assert scores == pytest.approx(
        {
            "a": 1.5 * common + 0.5 * 0.9 * common,
            "b": 1.5 * common + 1.0 * common,
            "c": 1.5 * rare,
            "d": 1.0 * rare,
            "e": 0.5 * 0.9 * rare,
            "f": 0.5 * 0.9 * rare,
        }
    )
    assert from_sessions([], read_index(EVENTS, GAP)) == from_sessions(["z"], read_index(EVENTS, GAP)) == {}
