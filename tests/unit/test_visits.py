"""Coming back to an item on another day is a bonus, in whatever order the days become known."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.event import Event
from shared.events.kinds import ITEM_KINDS, REVISIT
from shared.profiles import decay
from shared.profiles.fold import is_allowed
from shared.profiles.memory import DAY_MS
from shared.profiles.profile import CAPS, to_ms
from shared.profiles.visits import interests
from tests.unit.people import START, TERMS, events_of_one, folded, make

DAY = 24 * 60


@given(events_of_one, st.randoms(use_true_random=False))
def test_each_day_but_the_last_adds_its_bonus(events: list[Event], rng: random.Random) -> None:
    profile = folded(rng.sample(events, len(events)))
    days: dict[str, set[int]] = {}
    for event in events:
        if event.kind in ITEM_KINDS and is_allowed(event, TERMS):
            for item in event.item_ids:
                days.setdefault(item, set()).add(to_ms(event.occurred_at) // DAY_MS)
    totals = decay.values(profile.items)
    for item, value in interests(profile).items():
        earlier = sorted(days.get(item, ()))[:-1]
        newest = profile.items[-1][0]
        bonus = sum(REVISIT * 2.0 ** (day * DAY_MS / profile.half_life_ms - newest) for day in earlier)
        assert value == pytest.approx(totals[item] + bonus)


def test_coming_back_on_another_day_says_more_than_staying() -> None:
    one_day = folded([make(1, "item_view", 0, 1), make(2, "item_view", 60, 1)])
    two_days = folded([make(1, "item_view", 0, 1), make(2, "item_view", DAY, 1)])
    assert interests(one_day) == decay.values(one_day.items)
    assert interests(two_days)["i1"] - decay.values(two_days.items)["i1"] > 0.9 * 2 ** -(DAY / (14 * DAY))


def test_repeat_visits_are_bounded() -> None:
    n = CAPS["visits"] + 30
    events = [make(day * 2 + again, "item_view", day * DAY + again * DAY, day) for day in range(n) for again in (0, 1)]
    profile = folded(sorted(events, key=lambda event: event.occurred_at))
    assert sum(len(marks) // 4 for _, marks in profile.visits) == CAPS["visits"]
    assert profile.visits[-1][0] == to_ms(START + timedelta(days=n - 1)) // DAY_MS
