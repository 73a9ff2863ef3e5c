"""A trace says of every number which events it is made of."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.event import Event
from shared.profiles.trace import read_numbers, trace
from tests.unit.people import SETTINGS, START, TERMS, events_of_one, folded, make

NOW = START + timedelta(days=150)


@given(events_of_one, st.randoms(use_true_random=False))
def test_moves_add_up_to_the_profile(events: list[Event], rng: random.Random) -> None:
    found = trace(rng.sample(events, len(events)), TERMS, SETTINGS.half_life, NOW)
    sums: dict[tuple[str, str], float] = {}
    for traced in found:
        assert traced.outcome == "applied" or not traced.moves
        for move in traced.moves:
            assert move.before == pytest.approx(sums.get((move.what, move.key), 0.0), abs=1e-6)
            assert move.after == pytest.approx(move.before + move.by, abs=1e-6)
            sums[move.what, move.key] = move.after
    expected = read_numbers(folded(events), TERMS, NOW)
    assert {name: value for name, value in sums.items() if value} == pytest.approx(
        {name: round(value, 6) for name, value in expected.items() if round(value, 6)}, abs=1e-6
    )
    assert [traced.occurred_at for traced in found] == sorted(event.occurred_at for event in events)


def test_an_event_moves_what_it_is_about() -> None:
    view = make(1, "item_view", 0, 1)
    [first, repeated, second] = trace([view, view, make(2, "purchase", 10, 1)], TERMS, SETTINGS.half_life, START)
    assert repeated == first._replace(outcome="duplicate", moves=[])
    moved = {(move.what, move.key): move.by for move in first.moves}
    assert moved == {
        ("category", "c1"): pytest.approx(1.0, abs=1e-3),
        ("item", "i1"): pytest.approx(1.0, abs=1e-3),
        ("engagement", "passive"): 1.0,
        ("events", "item_view"): 1.0,
        ("bounces", ""): 1.0,
        ("pages", ""): 1.0,
        ("passive_sessions", ""): 1.0,
        ("sessions", ""): 1.0,
    }
    moves = {(move.what, move.key): move for move in second.moves}
    assert (moves["bounces", ""].before, moves["bounces", ""].after) == (1.0, 0.0)
    assert moves["revenue", "EUR"].by == 9.5
    assert moves["session_s", ""].by == 600.0
    assert ("passive_sessions", "") in moves
