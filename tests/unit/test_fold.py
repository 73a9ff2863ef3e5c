"""The fold's promises: order, repetition and batching change nothing; online equals the batch formula."""

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.events.event import Event
from shared.events.kinds import KINDS, Kind, weigh
from shared.profiles import decay
from shared.profiles.face import features, summarise
from shared.profiles.fold import Outcome, Terms, fold, read_terms
from shared.profiles.memory import item_number
from shared.profiles.profile import CAPS, MAX_STATE_BYTES, Profile, decode_profile, encode_profile, new_profile, to_ms
from shared.settings import Settings

SETTINGS = Settings()
TERMS = read_terms(SETTINGS)
START = datetime(2026, 1, 1, tzinfo=UTC)


def make(number: int, kind: Kind, minutes: float, item: int, dwell_s: float | None = None) -> Event:
    return Event(
        event_id=f"e{number}",
        kind=kind,
        occurred_at=START + timedelta(minutes=minutes),
        user_id="ann",
        item_ids=(f"i{item}",),
        category=f"c{item % 3}",
        value=9.5,
        currency="EUR",
        dwell_s=dwell_s,
    )


events_of_one = st.lists(
    st.builds(
        lambda kind, minutes, item, dwell: (kind, minutes, item, dwell),
        st.sampled_from(sorted(KINDS)),
        st.one_of(st.integers(0, 200), st.integers(0, 200_000)),
        st.integers(0, 12),
        st.sampled_from([None, 1.0, 20.0, 300.0]),
    ),
    max_size=45,
).map(lambda rows: [make(number, *row) for number, row in enumerate(rows)])


def folded(events: Sequence[Event], terms: Terms = TERMS) -> Profile:
    profile = new_profile(SETTINGS.half_life)
    fold(profile, events, terms)
    return profile


@given(events_of_one, st.randoms(use_true_random=False))
def test_order_repetition_and_batches_change_no_byte(events: list[Event], rng: random.Random) -> None:
    expected = encode_profile(folded(sorted(events, key=lambda event: event.occurred_at)))
    deliveries = events + rng.choices(events, k=len(events) // 3) if events else []
    rng.shuffle(deliveries)
    profile, outcomes = new_profile(SETTINGS.half_life), list[Outcome]()
    while deliveries:
        size = rng.randint(1, 5)
        batch, deliveries = deliveries[:size], deliveries[size:]
        profile = decode_profile(encode_profile(profile))
        outcomes += fold(profile, batch, TERMS)
    assert encode_profile(profile) == expected
    assert outcomes.count("applied") == len(events)


@given(events_of_one)
def test_every_prefix_equals_the_batch_formula(events: list[Event]) -> None:
    now_ms = to_ms(START + timedelta(days=150))
    profile = new_profile(SETTINGS.half_life)
    for number, event in enumerate(events, start=1):
        fold(profile, [event], TERMS)
        expected: dict[str, float] = {}
        for past in events[:number]:
            age = (now_ms - to_ms(past.occurred_at)) / profile.half_life_ms
            weight, _ = weigh(past.kind, past.dwell_s)
            expected[past.item_ids[0]] = expected.get(past.item_ids[0], 0.0) + weight * 2.0**-age
        for item, value in expected.items():
            found = decay.value_at(profile.items, item, now_ms, profile.half_life_ms)
            assert found == pytest.approx(value, abs=number * 2 / decay.SCALE)


@given(events_of_one)
def test_sessions_equal_a_pass_over_sorted_acts(events: list[Event]) -> None:
    acts = sorted(e.occurred_at for e in events if KINDS[e.kind].engagement != "none")
    starts = [
        now
        for before, now in zip([None, *acts], acts, strict=False)
        if before is None or now - before >= SETTINGS.session_gap
    ]
    total = summarise(folded(events), TERMS.session_cap_ms)
    split = sum(1 for before, now in itertools.pairwise(acts) if now - before >= SETTINGS.session_gap)
    length = (
        (
            acts[-1]
            - acts[0]
            - sum((b - a for a, b in itertools.pairwise(acts) if b - a >= SETTINGS.session_gap), timedelta())
        )
        if acts
        else timedelta()
    )
    assert total.number >= len(starts) == (split + 1 if acts else 0)
    assert timedelta(milliseconds=total.length_ms) == length


def test_a_bounce_is_one_page_and_nothing_else() -> None:
    bounced = folded([make(1, "page_view", 0, 1), make(2, "page_view", 100, 1), make(3, "click", 101, 1)])
    assert summarise(bounced, TERMS.session_cap_ms)._asdict() == {
        "number": 2,
        "length_ms": 60_000,
        "pages": 2,
        "bounces": 1,
    }


def test_measures_of_the_stay_make_no_visit_of_a_bounce() -> None:
    stay = folded([make(1, "page_view", 0, 1), make(2, "scroll", 1, 1), make(3, "dwell", 2, 1, dwell_s=70.0)])
    assert summarise(stay, TERMS.session_cap_ms).bounces == 1


def test_a_late_event_joins_two_sessions() -> None:
    apart = [make(1, "page_view", 0, 1), make(2, "page_view", 50, 1)]
    assert summarise(folded(apart), TERMS.session_cap_ms).number == 2
    assert summarise(folded([*apart, make(3, "click", 25, 1)]), TERMS.session_cap_ms).number == 1


def test_an_unbroken_day_counts_as_two_sessions() -> None:
    acts = [make(number, "click", 20 * number, 1) for number in range(80)]
    assert summarise(folded(acts), TERMS.session_cap_ms).number == 2


def test_an_event_older_than_the_memory_is_late_and_never_guessed_at() -> None:
    many = [make(number, "click", number, 1) for number in range(CAPS["ring"] + 10)]
    profile = folded(many)
    before = encode_profile(profile)
    assert fold(profile, [many[0], make(9_999, "click", 3, 2)], TERMS) == ["late", "late"]
    assert encode_profile(profile) == before
    assert fold(profile, [many[-1]], TERMS) == ["duplicate"]
    assert sum(profile.counts.values()) == len(many)


def test_sessions_beyond_the_bound_are_summed_up_not_lost() -> None:
    visits = [make(number, "page_view", number * 60, 1) for number in range(CAPS["spans"] + 40)]
    assert summarise(folded(visits), TERMS.session_cap_ms).number == len(visits)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from("aé𝄞"), st.integers(1, 240), st.integers(0, 400), st.integers(0, 10_000))
def test_a_profile_is_bounded_for_any_ids(letter: str, length: int, count: int, minutes: int) -> None:
    names = [f"{letter * length}{number}" for number in range(count)]
    events = [
        Event(
            event_id=f"e{number}",
            kind="purchase",
            occurred_at=START + timedelta(minutes=number * minutes),
            user_id="ann",
            item_ids=(name,),
            category=name,
        )
        for number, name in enumerate(names)
    ]
    assert len(encode_profile(folded(events))) <= MAX_STATE_BYTES


def test_without_consent_nothing_is_kept() -> None:
    strict = read_terms(Settings(require_consent=True))
    silent, refused = (
        make(1, "click", 0, 1),
        Event(event_id="r", kind="click", occurred_at=START, user_id="ann", consent=("ads",)),
    )
    allowed = Event(event_id="a", kind="click", occurred_at=START, user_id="ann", consent=("personalization",))
    profile = new_profile(SETTINGS.half_life)
    assert fold(profile, [silent, refused, allowed], strict) == ["no_consent", "no_consent", "applied"]
    assert profile.counts == {"click": 1}


def test_features_are_those_of_the_docstring() -> None:
    profile = folded([make(1, "page_view", 0, 1), make(2, "purchase", 10, 1)])
    assert features(profile, START + timedelta(days=1, minutes=10), TERMS.session_cap_ms) == {
        "avg_session_s": 600.0,
        "pages_per_session": 1.0,
        "page_views": 1.0,
        "high_intent": 1.0,
        "active": 0.5,
        "sessions": 1.0,
        "recency_days": 1.0,
    }


def test_seen_holds_the_heaviest_reader_of_movielens() -> None:
    profile = folded([make(number, "item_view", number / 10, number) for number in range(2_391)])
    marks = profile.excluded
    assert all(item_number(f"i{number}") in marks for number in range(2_391))
    assert len(encode_profile(profile)) <= MAX_STATE_BYTES
