"""Coming back to an item on another day is a bonus, in whatever order the days become known."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.event import Event
from shared.events.kinds import ITEM_KINDS, REVISIT, weigh
from shared.profiles import decay
from shared.profiles.fold import is_allowed
from shared.profiles.memory import DAY_MS
from shared.profiles.profile import CAPS, Profile, to_ms
from tests.unit.people import START, TERMS, events_of_one, folded, make

DAY = 24 * 60


@given(events_of_one, st.randoms(use_true_random=False), st.sampled_from([{}, {"item_view": 0.0, "click": 0.0}]))
def test_each_day_but_the_last_adds_its_bonus(
    events: list[Event], rng: random.Random, weights: dict[str, float]
) -> None:
    now_ms, terms = to_ms(START + timedelta(days=150)), TERMS._replace(weights=weights)
    shuffled = [event for event in rng.sample(events, len(events)) if is_allowed(event, terms)]
    profile = folded(shuffled, terms)
    days: dict[str, set[int]] = {}
    exact: dict[str, float] = {}
    for event in shuffled:
        weight, _ = weigh(event.kind, event.dwell_s, event.scroll_depth, event.quantity, weights, event.duration_s)
        for item in event.item_ids:
            exact[item] = exact.get(item, 0.0) + weight * decayed(to_ms(event.occurred_at), now_ms, profile)
            if event.kind in ITEM_KINDS:
                days.setdefault(item, set()).add(to_ms(event.occurred_at) // DAY_MS)
    for item, value in exact.items():
        bonus = sum(REVISIT * decayed(day * DAY_MS, now_ms, profile) for day in sorted(days.get(item, ()))[:-1])
        found = decay.value_at(profile.items, item, now_ms, profile.half_life_ms)
        assert found == pytest.approx(value + bonus, abs=2 * len(events) / decay.SCALE)


def decayed(at_ms: int, now_ms: int, profile: Profile) -> float:
    return float(2.0 ** ((at_ms - now_ms) / profile.half_life_ms))


def test_coming_back_on_another_day_says_more_than_staying() -> None:
    one_day = folded([make(1, "item_view", 0, 1), make(2, "item_view", 60, 1)])
    two_days = folded([make(1, "item_view", 0, 1), make(2, "item_view", DAY, 1)])
    now_ms = to_ms(START)
    assert decay.value_at(one_day.items, "i1", now_ms, one_day.half_life_ms) == pytest.approx(2.0, abs=0.01)
    expected = 1.0 + 2.0 ** (1 / 14) + REVISIT
    assert decay.value_at(two_days.items, "i1", now_ms, two_days.half_life_ms) == pytest.approx(expected, abs=0.01)


def test_repeat_visits_are_bounded() -> None:
    n = CAPS["visits"] + 30
    events = [make(day * 2 + again, "item_view", day * DAY + again * DAY, day) for day in range(n) for again in (0, 1)]
    profile = folded(sorted(events, key=lambda event: event.occurred_at))
    assert sum(len(marks) // 4 for _, marks in profile.visits) == CAPS["visits"]
    assert profile.visits[-1][0] == to_ms(START + timedelta(days=n - 1)) // DAY_MS
