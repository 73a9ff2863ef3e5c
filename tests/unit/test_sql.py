"""The SQL says what the code says of weights, features and interests, on both warehouses."""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product

import msgspec
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from infra.local.bridge import to_row
from infra.local.inputs import open_input
from shared.events.event import Event, encode_event
from shared.events.kinds import KINDS, Kind, weigh
from shared.profiles import decay
from shared.profiles.face import features
from shared.profiles.fold import fold, read_terms
from shared.profiles.identity import attribute, claims_of
from shared.profiles.profile import Profile, new_profile, to_ms
from shared.settings import Settings
from shared.stores.ports import Warehouse
from tests.samples import sample
from training.job import train
from training.order import MODELS
from training.queries import select, terms
from training.results import Fitted
from training.tables import write_kinds

SETTINGS = Settings()
TERMS = read_terms(SETTINGS)
START = datetime(2026, 1, 1, tzinfo=UTC)
CUTOFF = START + timedelta(days=40, microseconds=123_456)


def load(warehouse: Warehouse, events: Iterable[Event], settings: Settings = SETTINGS) -> None:
    """Make these events the whole log."""
    write_kinds(warehouse, settings)
    warehouse.run("DELETE FROM events WHERE TRUE")
    warehouse.append("events", [to_row(encode_event(event)) for event in events])


def folded(events: Iterable[Event]) -> dict[str, Profile]:
    """The profiles of these events, which come as they were received; devices' events go to those they belong to."""
    received = list(events)
    first = {event.event_id: event for event in reversed(received)}
    unique = sorted(first.values(), key=lambda event: event.received_at or event.occurred_at)
    profiles = {}
    for person, own in attribute(unique, claims_of(received, TERMS)).items():
        profiles[person] = new_profile(SETTINGS.half_life)
        fold(profiles[person], sorted(own, key=in_time), TERMS)
    return {person: profile for person, profile in profiles.items() if not profile.consent.is_withdrawn}


def in_time(event: Event) -> tuple[datetime, bool, str]:
    """Of one instant, what states consent comes first."""
    return event.occurred_at, event.consent is None, event.event_id


def features_by_sql(warehouse: Warehouse, cutoff: datetime) -> dict[str, dict[str, float]]:
    rows = select(warehouse, "persona_features", terms(cutoff, SETTINGS)).to_pylist()
    return {row.pop("person"): row for row in rows}


def features_by_fold(events: Iterable[Event], cutoff: datetime) -> dict[str, dict[str, float]]:
    profiles = folded(event for event in events if event.occurred_at <= cutoff)
    found = {person: features(profile, cutoff, TERMS.session_cap_ms) for person, profile in profiles.items()}
    return {person: values for person, values in found.items() if values["sessions"]}


def assert_same_features(warehouse: Warehouse, events: Sequence[Event], cutoff: datetime) -> None:
    expected, found = features_by_fold(events, cutoff), features_by_sql(warehouse, cutoff)
    assert found.keys() == expected.keys()
    for person, values in expected.items():
        assert found[person] == pytest.approx(values, abs=1e-6), person


def make(number: int, draw: random.Random) -> Event:
    """Any event: of one of a dozen people, of any kind, sometimes without consent, at a time that others may share."""
    minutes = draw.choice([draw.randrange(0, 300), draw.randrange(0, 50 * 1440)])
    occurred_at = START + timedelta(minutes=minutes, microseconds=draw.choice([0, 999, 500_500]))
    return Event(
        event_id=f"e{number}",
        kind=draw.choice(sorted(KINDS)),
        occurred_at=occurred_at,
        received_at=CUTOFF + timedelta(days=20, seconds=number),
        user_id=draw.choice([None, "ann", "bob", "cyd", "d'Arc", "ëve", "7"]),
        anonymous_id=draw.choice(["ann", "x1", "x2", "x3", "x4"]),
        item_ids=tuple(draw.choices([f"i{item}" for item in range(15)], k=draw.choice([0, 1, 1, 1, 2, 3]))),
        category=draw.choice([None, "shoes", "hats", "toys"]),
        quantity=draw.choice([None, 0, 1, 2, 2.5, 9]),
        dwell_s=draw.choice([None, None, 0, 4.9, 5, 10, 60, 120, 120.5]),
        duration_s=draw.choice([None, None, 0, 20, 60, 5_400]),
        scroll_depth=draw.choice([None, 0.2, 0.5, 1]),
        consent=draw.choices([None, ("personalization", "ads"), ("ads",)], weights=[12, 7, 1])[0],
    )


def make_log(seed: int, n: int) -> list[Event]:
    """Events as they were received; every fifth comes again later, and says that it happened a little earlier."""
    draw = random.Random(seed)
    events = [make(number, draw) for number in range(n)]
    resent = [
        msgspec.structs.replace(
            event,
            received_at=CUTOFF + timedelta(days=21, seconds=number),
            occurred_at=event.occurred_at - timedelta(milliseconds=draw.randrange(3_000)),
        )
        for number, event in enumerate(draw.sample(events, n // 5))
        if event.occurred_at <= CUTOFF
    ]
    return events + resent


@pytest.mark.parametrize("weights", [{}, {"purchase": 8.0, "click": 0.25, "dismiss": -1e-7}])
def test_weights_are_those_of_weigh(warehouse: Warehouse, weights: Mapping[str, float]) -> None:
    cases: list[tuple[Kind, float | None, float | None, float | None]] = list(
        product(sorted(KINDS), [None, 0, 4.9, 5, 9.9, 10, 119.9, 120], [None, 0.4, 0.5], [None, 0, 1, 2.5, 9])
    )
    lengths = [None, 0, 7, 30, 160, 3_600]
    load(
        warehouse,
        (
            Event(
                event_id=str(number),
                kind=kind,
                occurred_at=START,
                user_id="ann",
                dwell_s=dwell_s,
                scroll_depth=scroll_depth,
                quantity=quantity,
                duration_s=lengths[number % len(lengths)],
            )
            for number, (kind, dwell_s, scroll_depth, quantity) in enumerate(cases)
        ),
        Settings(weights=dict(weights)),
    )
    rows = select(warehouse, "events_unique", terms(CUTOFF, SETTINGS)).to_pylist()
    found = {int(row["event_id"]): (row["weight"], row["engagement"]) for row in rows}
    assert found == {number: weigh(*case, weights, lengths[number % len(lengths)]) for number, case in enumerate(cases)}


def test_features_are_those_of_the_fold(warehouse: Warehouse) -> None:
    events = make_log(seed=7, n=400)
    load(warehouse, events)
    assert_same_features(warehouse, events, CUTOFF)


@budget(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(0, 50 * 1440))
@example(0, 1, 0)
def test_features_are_those_of_the_fold_at_any_time(embedded: Warehouse, seed: int, n: int, minutes: int) -> None:
    events = make_log(seed, n)
    load(embedded, events)
    assert_same_features(embedded, events, START + timedelta(minutes=minutes))


def test_features_of_real_people_are_those_of_the_fold(embedded: Warehouse) -> None:
    events = [msgspec.convert(fields, Event) for fields in open_input(f"rees46:{sample('rees46_sample.csv.gz')}")]
    assert len(events) > 17_000
    load(embedded, events)
    assert_same_features(embedded, events, max(event.occurred_at for event in events) + timedelta(days=1))


def test_interests_are_those_of_the_fold(warehouse: Warehouse) -> None:
    events = [event for event in make_log(seed=3, n=300) if event.occurred_at <= CUTOFF]
    load(warehouse, events)
    found: dict[str, dict[str, float]] = {}
    last: dict[str, int] = {}
    for row in select(warehouse, "interest", terms(CUTOFF, SETTINGS)).to_pylist():
        found.setdefault(row["person"], {})[row["item_id"]] = row["weight"]
        last[row["person"]] = row["last_ms"]
    for person, profile in folded(events).items():
        now_ms = last.get(person, to_ms(CUTOFF))
        totals = {
            item: decay.value_at(profile.items, item, now_ms, profile.half_life_ms)
            for item in decay.values(profile.items)
        }
        expected = {item: value for item, value in totals.items() if value > 0.002}
        assert {item: value for item, value in found.get(person, {}).items() if value > 0.002} == pytest.approx(
            expected, abs=0.002
        )


def versions(warehouse: Warehouse, events: Iterable[Event]) -> list[str]:
    """The versions that training on this log comes to: they name the cutoff and the content's checksum."""
    load(warehouse, events)
    trained = train(warehouse, MODELS, CUTOFF, SETTINGS)
    return [result.version for result, _ in trained.values() if isinstance(result, Fitted)]


def test_both_warehouses_train_the_same_models(embedded: Warehouse, bigquery: Warehouse) -> None:
    events = make_log(seed=5, n=600)
    found = versions(embedded, events)
    assert len(found) == len(MODELS) - 3, "propensities need more people, exploration decisions: test_propensity_sql.py"
    assert versions(bigquery, events) == found


def test_what_happens_after_the_cutoff_changes_no_model(embedded: Warehouse) -> None:
    events = make_log(seed=11, n=500)
    known = [event for event in events if event.occurred_at <= CUTOFF]
    assert len(known) < len(events)
    assert versions(embedded, events) == versions(embedded, known)


def test_the_order_of_rows_changes_no_model(embedded: Warehouse) -> None:
    events = make_log(seed=13, n=500)
    shuffled = random.Random(1).sample(events, len(events))
    assert versions(embedded, shuffled) == versions(embedded, events)


@pytest.mark.parametrize("settings", [SETTINGS, Settings(require_consent=True)], ids=["open", "strict"])
def test_who_withholds_consent_is_not_learned_from(warehouse: Warehouse, settings: Settings) -> None:
    """Event by event what the fold takes of people whose last word was no refusal."""
    events = [event for event in make_log(seed=17, n=300) if event.event_id in {f"e{n}" for n in range(300)}]
    load(warehouse, events)
    rows = select(warehouse, "events_unique", terms(CUTOFF, settings)).to_pylist()
    happened = {event.event_id: event for event in reversed(events) if event.occurred_at <= CUTOFF}
    allowed: set[str] = set()
    strict = read_terms(settings)
    for own in attribute(happened.values(), claims_of(happened.values(), strict)).values():
        profile = new_profile(settings.half_life)
        known = sorted(own, key=in_time)
        outcomes = fold(profile, known, strict)
        if not profile.consent.is_withdrawn:
            allowed |= {event.event_id for event, told in zip(known, outcomes, strict=True) if told != "no_consent"}
    assert 10 < len(allowed) < len(happened)
    assert sorted(row["event_id"] for row in rows) == sorted(allowed)
