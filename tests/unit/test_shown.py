"""What was shown and left alone is counted by day, in whatever order the events come."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.event import Event
from shared.events.kinds import ITEM_KINDS
from shared.profiles import memory
from shared.profiles.fold import is_allowed
from shared.profiles.memory import DAY_MS, item_number
from shared.profiles.profile import CAPS, encode_profile, to_ms
from shared.profiles.shown import KEPT_DAYS, MOST, RECORD, shown_often
from tests.unit.people import START, TERMS, draw_event, folded, make

DAY = 24 * 60


def draw_shown(seed: int) -> list[Event]:
    """Mostly impressions, over some weeks."""
    rng = random.Random(seed)
    some = [draw_event(number, rng, 60 * DAY, states=False) for number in range(60)]
    return [
        event if rng.random() < 0.3 else make(number, "impression", rng.randrange(60 * DAY), rng.randrange(12))
        for number, event in enumerate(some)
    ]


def counted(events: list[Event]) -> Counter[str]:
    """By item the impressions after the day of its last meeting, on the last days of all."""
    met: dict[str, int] = {}
    shown: list[tuple[str, int]] = []
    for event in filter(lambda event: is_allowed(event, TERMS), events):
        day = to_ms(event.occurred_at) // DAY_MS
        for item in dict.fromkeys(event.item_ids):
            if event.kind in ITEM_KINDS:
                met[item] = max(met.get(item, day), day)
            if event.kind == "impression":
                shown.append((item, day))
    newest = max((day for _, day in [*shown, *met.items()]), default=0)
    return Counter(item for item, day in shown if day > met.get(item, -1) and day >= newest - KEPT_DAYS)


@given(st.integers(0, 10**9), st.randoms(use_true_random=False), st.integers(1, 4))
def test_it_is_counted_since_the_last_meeting_in_any_order(seed: int, rng: random.Random, times: int) -> None:
    events = draw_shown(seed)
    profile = folded(rng.sample(events, len(events)))
    assert encode_profile(profile) == encode_profile(folded(events))
    newest = max(event.occurred_at for event in events if event.item_ids and event.kind in {*ITEM_KINDS, "impression"})
    expected = {item_number(item) for item, number in counted(events).items() if number >= times}
    assert shown_often(profile, newest, times) == expected


def test_a_click_ends_it_and_a_month_forgets_it() -> None:
    shown = [make(number, "impression", number * DAY, 1) for number in range(5)]
    at = START + timedelta(days=5)
    assert shown_often(folded(shown), at, 5) == {item_number("i1")}
    assert shown_often(folded(shown), at, 6) == set()
    clicked = [*shown, make(9, "click", 2 * DAY, 1)]
    assert shown_often(folded(clicked), at, 2) == {item_number("i1")}
    assert shown_often(folded(clicked), at, 3) == set()
    assert shown_often(folded(shown), START + timedelta(days=KEPT_DAYS + 2), 4) == set()


@pytest.mark.parametrize("times", [MOST, MOST + 200])
def test_more_on_a_day_count_as_so_many(times: int) -> None:
    profile = folded([make(number, "impression", number / 10, 1) for number in range(times)])
    assert RECORD.size == memory.SHOWN_BYTES
    assert [len(records) for _, records in profile.shown] == [RECORD.size]
    assert shown_often(profile, START, MOST) == {item_number("i1")}


def test_the_days_shown_last_are_kept() -> None:
    n = CAPS["shown"]
    profile = folded([make(number, "impression", number * 20, number) for number in range(n + 100)])
    assert sum(len(records) for _, records in profile.shown) == n * RECORD.size
    kept = shown_often(profile, START + timedelta(minutes=20 * (n + 100)), 1)
    assert {item_number(f"i{number}") for number in range(n + 100 - 72, n + 100)} <= kept
