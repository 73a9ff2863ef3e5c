"""Consent: the last word counts, whatever the order in which words arrive."""

import random
from datetime import timedelta
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.event import Event
from shared.profiles import consent, persona
from shared.profiles.consent import Consent
from shared.profiles.face import face
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import decode_profile, encode_profile, new_profile
from shared.profiles.standing import Standing
from shared.settings import Settings
from tests.unit.people import SETTINGS, START, TERMS

GRANT, REFUSE, ADS = ("personalization", "analytics"), ("none",), ("advertising", "site:newsletter")
STRICT = read_terms(Settings(require_consent=True))


def at(minute: int, said: tuple[str, ...] | None = None, kind: str = "click") -> Event:
    moment = START + timedelta(minutes=minute)
    fields = {"event_id": f"{minute}-{said}", "kind": kind, "occurred_at": moment, "user_id": "ann", "consent": said}
    return msgspec.convert({**fields, "item_ids": ["hat"]}, Event)


words = st.lists(st.tuples(st.integers(0, 30), st.sampled_from([None, GRANT, REFUSE, ADS])), max_size=12)


def known(events: list[Event]) -> Consent:
    found = Consent()
    for event in events:
        found = consent.heard(found, event)
    return found


@given(words, st.randoms(use_true_random=False))
def test_what_is_known_depends_on_no_order(said: list[tuple[int, tuple[str, ...] | None]], rng: random.Random) -> None:
    events = [at(minute, word) for minute, word in said]
    shuffled = rng.sample(events, len(events)) + events[::2]
    assert known(shuffled) == known(events)
    assert consent.join(known(events[::2]), known(events[1::2])) == known(events)


@given(words, st.booleans())
def test_in_order_the_last_word_before_an_event_decides(
    said: list[tuple[int, tuple[str, ...] | None]], required: bool
) -> None:
    """The fold of events in the order of time, by the definition."""
    events = sorted((at(minute, word) for minute, word in dict(said).items()), key=lambda event: event.occurred_at)
    last: bool | None = None
    expected = []
    for event in events:
        if event.consent is not None:
            last = "personalization" in event.consent
        expected.append("applied" if (not required if last is None else last) else "no_consent")
    profile = new_profile(SETTINGS.half_life)
    assert fold(profile, events, STRICT if required else TERMS) == expected
    assert decode_profile(encode_profile(profile)).consent == profile.consent


@given(words, st.randoms(use_true_random=False))
def test_what_arrives_late_is_noticed_or_makes_no_difference(
    said: list[tuple[int, tuple[str, ...] | None]], rng: random.Random
) -> None:
    events = [at(minute, word) for minute, word in dict(said).items()]
    in_time, shuffled = new_profile(SETTINGS.half_life), new_profile(SETTINGS.half_life)
    fold(in_time, sorted(events, key=lambda event: event.occurred_at), TERMS)
    rng.shuffle(events)
    fold(shuffled, events, TERMS)
    if not consent.is_late(Consent(), events, required=False):
        assert encode_profile(shuffled) == encode_profile(in_time)


def test_who_never_says_anything_or_always_the_same_is_never_late() -> None:
    for said in (None, GRANT, REFUSE):
        for order in permutations([at(minute, said) for minute in range(4)]):
            assert not consent.is_late(Consent(), order, required=False)


def test_of_one_instant_the_refusal_counts() -> None:
    assert known([at(1, REFUSE), at(1, GRANT)]).is_withdrawn
    assert known([at(1, GRANT), at(1, REFUSE)]).is_withdrawn


def test_withdrawn_consent_hides_the_profile_and_given_again_shows_it() -> None:
    profile = new_profile(SETTINGS.half_life)
    fold(profile, [at(1, GRANT), at(2), at(3, REFUSE)], TERMS)
    assert persona.rests(Standing(persona="regular"), profile)
    hidden = face(profile, "regular", TERMS.session_cap_ms)
    assert (hidden["persona"], hidden["events"], hidden["top_items"], hidden["consent"]) == ("newcomer", 0, [], [])
    assert fold(profile, [at(4)], TERMS) == ["no_consent"]
    fold(profile, [at(5, GRANT), at(6)], TERMS)
    shown = face(profile, "regular", TERMS.session_cap_ms)
    assert (shown["persona"], shown["events"], shown["consent"]) == ("regular", 4, ["personalization", "analytics"])
    assert not persona.rests(Standing(), profile)


@pytest.mark.parametrize(("said", "expected"), [(None, "no"), (GRANT, "no"), (ADS, "yes")])
def test_advertisers_can_filter(said: tuple[str, ...] | None, expected: str) -> None:
    assert consent.attributes(known([at(1, said)])) == {"advertising": expected}


def test_a_stranger_who_has_not_said_a_word_leaves_nothing_where_a_word_is_required() -> None:
    profile = new_profile(SETTINGS.half_life)
    assert fold(profile, [at(1)], STRICT) == ["no_consent"]
    assert encode_profile(profile) == encode_profile(new_profile(SETTINGS.half_life))
