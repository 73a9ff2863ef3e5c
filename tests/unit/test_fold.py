"""The fold's promises: order, repetition and batching change nothing; online equals the batch formula."""

import random
from datetime import timedelta

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.events.event import Event
from shared.events.kinds import ITEM_KINDS, REVISIT, SPILL, judge, weigh
from shared.profiles import decay
from shared.profiles.face import face, features
from shared.profiles.fold import Outcome, fold, is_allowed, read_terms
from shared.profiles.memory import DAY_MS, item_number, met
from shared.profiles.profile import (
    CAPS,
    FORMAT,
    MAX_STATE_BYTES,
    decode_profile,
    encode_profile,
    new_profile,
    to_ms,
)
from shared.settings import Settings
from tests.unit.people import SETTINGS, START, TERMS, draw_events, events_of_one, events_of_years, folded, make

FACE_BYTES = 4_096


@given(events_of_years, st.randoms(use_true_random=False))
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
    assert outcomes.count("applied") == sum(is_allowed(event, TERMS) for event in events)


@given(events_of_one)
def test_every_prefix_equals_the_batch_formula(events: list[Event]) -> None:
    now_ms = to_ms(START + timedelta(days=150))
    profile = new_profile(SETTINGS.half_life)
    exact: dict[tuple[str, str], float] = {}
    days: dict[str, set[int]] = {}
    for number, event in enumerate(events, start=1):
        if fold(profile, [event], TERMS) == ["no_consent"]:
            continue
        decayed = 2.0 ** -((now_ms - to_ms(event.occurred_at)) / profile.half_life_ms)
        for name, key, weight in told(event):
            exact[name, key] = exact.get((name, key), 0.0) + weight * decayed
        if event.kind in ITEM_KINDS:
            for item in event.item_ids:
                days.setdefault(item, set()).add(to_ms(event.occurred_at) // DAY_MS)
        for (name, key), value in exact.items():
            earlier = sorted(days.get(key, ()))[:-1]
            bonus = sum(REVISIT * 2.0 ** ((day * DAY_MS - now_ms) / profile.half_life_ms) for day in earlier)
            found = decay.value_at(getattr(profile, name), key, now_ms, profile.half_life_ms)
            assert found == pytest.approx(value + bonus, abs=number * 2 / decay.SCALE)
    assert {(name, key) for name in FAMILIES for key in decay.values(getattr(profile, name))} <= exact.keys()


FAMILIES = ("items", "categories", "brands", "tags")


def told(event: Event) -> list[tuple[str, str, float]]:
    """(family, key, weight) of an event, by the rules as the README states them."""
    weight, _ = weigh(event.kind, event.dwell_s, event.scroll_depth, event.quantity, {}, event.duration_s)
    share = SPILL if judge(event.kind, event.dwell_s, event.duration_s) == "quick_exit" else 1.0
    found = [("items", item, weight) for item in event.item_ids]
    found += [("categories", event.category, weight * share)] if event.category else []
    says = {
        "page_view",
        "scroll",
        "search",
        "dwell",
        "form_submit",
        "sign_up",
        "identify",
        "alias",
        "consent",
        "custom",
    }
    if len(event.item_ids) == 1 and event.kind not in says:
        brand, tags = event.properties.get("brand"), event.properties.get("tags", [])
        names = [part.strip() for part in (tags.split(",") if isinstance(tags, str) else tags) if isinstance(part, str)]
        found += [("brands", brand, weight * share)] if brand else []
        found += [("tags", name, weight * share) for name in names if name]
    return found


def test_a_quick_exit_spills_half_of_itself() -> None:
    event = msgspec.structs.replace(
        make(1, "item_view", 0, 1, dwell_s=2.0), properties={"brand": "Acme", "tags": ["a", "b"]}
    )
    profile = folded([event])
    at_ms = to_ms(START)
    values = [
        decay.value_at(buckets, key, at_ms, profile.half_life_ms)
        for buckets, key in (
            (profile.items, "i1"),
            (profile.categories, "c1"),
            (profile.brands, "Acme"),
            (profile.tags, "b"),
        )
    ]
    assert values == pytest.approx([-1.0, -SPILL, -SPILL, -SPILL], abs=1e-3)
    assert item_number("i1") in met(profile.exited)
    assert item_number("i1") not in met(folded([make(1, "item_view", 0, 1, dwell_s=8.0)]).exited)


def test_dwell_is_judged_against_the_items_own_length() -> None:
    assert judge("dwell", 30.0) == "active"
    assert judge("dwell", 30.0, duration_s=36.0) == "long"
    assert judge("item_view", 2.0, duration_s=12.0) == "short"
    assert judge("video_play", 600.0, duration_s=7_200.0) == "active"
    assert judge("page_view", 2.0) is None
    assert weigh("video_play", 5_500.0, duration_s=7_200.0) == (3.0, "active")
    assert weigh("video_play", 1.0) == (-1.0, "passive")


@given(
    st.sampled_from(["item_view", "click", "dwell", "video_play"]),
    st.floats(0, 1e4),
    st.floats(0, 1e4),
    st.floats(0.001, 1e5),
    st.floats(0.001, 1e5),
)
def test_longer_is_never_judged_lower_and_against_longer_never_higher(
    kind: str, dwell_s: float, more_s: float, length_s: float, longer_s: float
) -> None:
    order = ["quick_exit", "short", "active", "long"]
    judged = order.index(judge(kind, dwell_s, length_s) or "")  # type: ignore[arg-type]
    assert order.index(judge(kind, dwell_s + more_s, length_s) or "") >= judged  # type: ignore[arg-type]
    assert order.index(judge(kind, dwell_s, length_s + longer_s) or "") <= judged  # type: ignore[arg-type]


def test_an_event_older_than_the_memory_is_late_and_never_guessed_at() -> None:
    many = [make(number, "click", number, 1) for number in range(CAPS["ring"] + 10)]
    profile = folded(many)
    before = encode_profile(profile)
    assert fold(profile, [many[0], make(9_999, "click", 3, 2)], TERMS) == ["late", "late"]
    assert encode_profile(profile) == before
    assert fold(profile, [many[-1]], TERMS) == ["duplicate"]
    assert sum(profile.counts.values()) == len(many)


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
            value=1e9,
            currency=f"{chr(65 + number % 26)}{chr(65 + number // 26)}X",
            properties={"brand": name[-64:], "tags": [name[-place:] for place in range(20, 60)]},
        )
        for number, name in enumerate(names)
    ]
    profile = folded(events)
    assert len(encode_profile(profile)) <= MAX_STATE_BYTES
    told = face(profile, "disengaged", TERMS.session_cap_ms)
    assert len(msgspec.json.encode(told)) <= FACE_BYTES


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30))
def test_what_was_let_go_bounds_the_error_of_what_was_kept(seed: int, batch: int) -> None:
    rng = random.Random(seed)
    items = [min(int(rng.paretovariate(0.5)), 400) for _ in range(1_000)]
    assume(len(set(items)) > CAPS["items"] + 1)
    events = [make(number, "search", 30 * number, item) for number, item in enumerate(items)]
    now_ms = to_ms(events[-1].occurred_at)
    profile = new_profile(SETTINGS.half_life)
    exact: dict[str, float] = {}
    for start in range(0, len(events), batch):
        assert fold(profile, events[start : start + batch], TERMS) == ["applied"] * len(events[start : start + batch])
    for event in events:
        decayed = 2.0 ** -((now_ms - to_ms(event.occurred_at)) / profile.half_life_ms)
        exact[event.item_ids[0]] = exact.get(event.item_ids[0], 0.0) + decayed
    kept = {item: decay.value_at(profile.items, item, now_ms, profile.half_life_ms) for item in exact}
    lost = decay.value_at(profile.items, decay.LOST, now_ms, profile.half_life_ms)
    errors = [abs(value - kept[item]) for item, value in exact.items()]
    assert len(exact) > len(decay.values(profile.items)) == CAPS["items"]
    assert sum(errors) == pytest.approx(lost, abs=len(events) / decay.SCALE)
    assert 0.0 < lost < sum(exact.values()) / 2
    assert sum(profile.counts.values()) == len(events)


def test_where_one_comes_at_a_time_at_most_its_share_goes() -> None:
    profile = folded([make(number, "item_view", number, number) for number in range(CAPS["items"])])
    before = decay.values(profile.items)
    fold(profile, [make(9_999, "click", CAPS["items"], 9_999)], TERMS)
    lost = decay.value_at(profile.items, decay.LOST, profile.last_ms, profile.half_life_ms)
    assert 0.0 < lost <= (sum(before.values()) + 1.1) / (CAPS["items"] + 1)


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


def test_currencies_are_bounded_and_the_busiest_stay() -> None:
    events = [
        msgspec.structs.replace(make(number, "purchase", number, 1), currency=f"{chr(65 + number % 26)}AA")
        for number in range(26 * 3 - 10)
    ]
    profile = folded(events)
    assert sorted(profile.revenue) == sorted(profile.orders) == [f"{chr(65 + number)}AA" for number in range(16)]
    assert profile.revenue["AAA"] == 3 * 9_500


def test_format_1_is_read_as_what_it_knows() -> None:
    events = draw_events(seed=1, n=40)
    fields = msgspec.msgpack.decode(encode_profile(folded(events)))
    spans = fields[10]
    old = [1, *fields[1:10], [span[:6] for span in spans], fields[11][:4], *fields[12:18]]
    profile = decode_profile(msgspec.msgpack.encode(old))
    assert (profile.format, profile.counts, profile.brands) == (FORMAT, folded(events).counts, [])
    assert decode_profile(encode_profile(profile)) == profile
    with pytest.raises(PermanentError):
        decode_profile(msgspec.msgpack.encode([FORMAT + 1, *fields[1:]]))


def test_seen_holds_the_heaviest_reader_of_movielens() -> None:
    profile = folded([make(number, "item_view", number / 10, number) for number in range(2_391)])
    marks = profile.excluded
    assert all(item_number(f"i{number}") in marks for number in range(2_391))
    assert len(encode_profile(profile)) <= MAX_STATE_BYTES
