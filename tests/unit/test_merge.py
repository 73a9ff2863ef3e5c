"""Merging is folding: however events are divided, the parts come to the same bytes."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.event import Event
from shared.profiles import decay
from shared.profiles.fold import fold
from shared.profiles.merge import merge
from shared.profiles.profile import CAPS, MAX_STATE_BYTES, Profile, decode_profile, encode_profile, new_profile
from tests.unit.people import SETTINGS, TERMS, draw_events, events_of_one, events_of_years, folded, make


def again(profile: Profile) -> Profile:
    return decode_profile(encode_profile(profile))


@given(events_of_years, st.integers(1, 5), st.randoms(use_true_random=False))
def test_any_division_merged_in_any_order_is_the_fold_of_all(events: list[Event], n: int, rng: random.Random) -> None:
    places = [rng.randrange(n) for _ in events]
    parts = [folded([event for event, at in zip(events, places, strict=True) if at == place]) for place in range(n)]
    rng.shuffle(parts)
    while len(parts) > 1:
        other = again(parts.pop())
        merge(parts[0], other, TERMS)
        rng.shuffle(parts)
    assert encode_profile(parts[0]) == encode_profile(folded(events))


@given(events_of_one)
def test_a_stranger_adds_nothing(events: list[Event]) -> None:
    expected, stranger, profile = encode_profile(folded(events)), new_profile(SETTINGS.half_life), folded(events)
    merge(profile, new_profile(SETTINGS.half_life), TERMS)
    merge(stranger, folded(events), TERMS)
    assert encode_profile(profile) == encode_profile(stranger) == expected


@given(events_of_years, st.integers(0, 45))
def test_what_comes_after_the_merge_is_folded_as_if_it_had_come_before(events: list[Event], place: int) -> None:
    profile, rest = folded(events[:place]), events[place:]
    merge(profile, folded(rest[::2]), TERMS)
    fold(profile, rest[1::2], TERMS)
    assert encode_profile(profile) == encode_profile(folded(events))


def test_different_half_lives_are_no_sum() -> None:
    with pytest.raises(ValueError, match="fold the events again"):
        merge(new_profile(SETTINGS.half_life), new_profile(2 * SETTINGS.half_life), TERMS)


def test_an_event_of_both_stands_once_in_the_ring() -> None:
    profile = folded([make(1, "click", 0, 1), make(2, "click", 1, 1)])
    merge(profile, folded([make(2, "click", 1, 1), make(3, "click", 2, 1)]), TERMS)
    assert profile.ring == folded([make(number, "click", number - 1, 1) for number in (1, 2, 3)]).ring


def test_above_the_bounds_a_merge_keeps_them_and_every_count() -> None:
    events = draw_events(seed=3, n=1_500)
    halves = folded(events[::2]), folded(events[1::2])
    counts = sum(sum(half.counts.values()) for half in halves)
    merge(halves[0], halves[1], TERMS)
    assert sum(halves[0].counts.values()) == counts
    assert len(halves[0].ring) <= CAPS["ring"] * 14
    assert len(decay.values(halves[0].items)) <= CAPS["items"]
    assert len(encode_profile(halves[0])) <= MAX_STATE_BYTES
