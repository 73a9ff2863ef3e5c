"""Bad input: always a PermanentError that says which field and why."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.events.event import Event, decode_event, encode_event, person_of
from shared.events.parse import is_poisoned, parse_batch, parse_event
from shared.settings import Settings

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "event_id": "e1",
    "kind": "item_view",
    "occurred_at": "2026-11-22T11:59:00.5+01:00",
    "user_id": "ann",
    "item_ids": ["shoe-1"],
    "category": "shoes",
    "context": {"page_url": "https://shop.example/shoe-1", "session_id": "s1", "source": "api"},
    "properties": {"brand": "Äpfel", "note": "two\nlines"},
}


def problems(value: object) -> dict[str, str]:
    """Bad field → what was found, for one refused event."""
    with pytest.raises(PermanentError) as caught:
        parse_event(msgspec.json.encode(value), NOW, Settings())
    return {problem.field: problem.found for problem in caught.value.problems}


def test_a_good_event_is_taken_and_stamped() -> None:
    event = parse_event(msgspec.json.encode(GOOD), NOW, Settings())
    assert event.received_at == NOW
    assert event.occurred_at == datetime(2026, 11, 22, 10, 59, 0, 500_000, UTC)
    assert person_of(event) == "u:ann"
    assert decode_event(encode_event(event)) == event


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"event_id": ""}, "event_id"),
        ({"event_id": "x" * 129}, "event_id"),
        ({"event_id": 7}, "event_id"),
        ({"kind": "stare"}, "kind"),
        ({"occurred_at": "2026-11-22T10:00:00"}, "occurred_at"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": 1_795_000_000}, "occurred_at"),
        ({"occurred_at": "2026-11-22T13:00:01Z"}, "occurred_at"),
        ({"occurred_at": "2126-11-22T13:00:00Z"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"user_id": None}, "user_id"),
        ({"user_id": "undefined"}, "user_id"),
        ({"user_id": "  Null "}, "user_id"),
        ({"user_id": "x" * 10_000}, "user_id"),
        ({"user_id": "ann\u202egpj"}, "user_id"),
        ({"user_id": "ann\x00"}, "user_id"),
        ({"anonymous_id": "00000000-0000-0000-0000-000000000000"}, "anonymous_id"),
        ({"item_ids": "shoe"}, "item_ids"),
        ({"item_ids": ["a"] * 101}, "item_ids"),
        ({"item_ids": [1]}, "item_ids[0]"),
        ({"category": "sh\ufeffoes"}, "category"),
        ({"value": "12"}, "value"),
        ({"value": 1e10}, "value"),
        ({"currency": "euro"}, "currency"),
        ({"quantity": -1}, "quantity"),
        ({"dwell_s": -0.1}, "dwell_s"),
        ({"scroll_depth": 1.01}, "scroll_depth"),
        ({"context": {"page_url": 3}}, "context.page_url"),
        ({"context": {"colour": "red"}}, "context"),
        ({"context": {"campaign": "a\x1bb"}}, "context.campaign"),
        ({"consent": "all"}, "consent"),
        ({"properties": []}, "properties"),
        ({"properties": {"a": "b" * 9_000}}, "properties"),
        ({"properties": {"a": "\x07"}}, "properties.a"),
        ({"colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_each_bad_field_is_named(change: dict[str, Any], field: str) -> None:
    assert set(problems(GOOD | change)) == {field}


def test_every_bad_field_is_named_at_once() -> None:
    bad = GOOD | {
        "kind": "stare",
        "user_id": "null",
        "dwell_s": -1,
        "colour": "red",
        "occurred_at": "2030-01-01T00:00:00Z",
    }
    assert set(problems(bad)) == {"kind", "user_id", "dwell_s", "colour", "occurred_at"}
    assert set(problems({})) == {"event_id", "kind", "occurred_at", "user_id"}


def test_deep_properties_are_refused() -> None:
    deep: object = 1
    for _ in range(9):
        deep = {"a": deep}
    assert set(problems(GOOD | {"properties": deep})) == {"properties"}


def test_an_event_over_the_limit_is_refused_by_its_size() -> None:
    assert problems(GOOD | {"properties": {"a": "b" * 40_000}})[""].endswith("bytes")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[",
        b"nul",
        b"null",
        b"3",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b"[" * 12_000 + b"]" * 12_000,  # 3.13 reads 10,000, and finds no event in there
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"value": NaN}',
        b'{"value": Infinity}',
        b'{"event_id": "\\ud800"}',
        b"[" + b",".join([b"{}"] * 2_501) + b"]",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_bad_body_is_refused_whole(body: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        parse_batch(body, NOW, Settings())
    assert caught.value.problems


def test_good_events_of_a_bad_batch_are_kept() -> None:
    batch = parse_batch(msgspec.json.encode([GOOD, {"event_id": "bad"}, 3, GOOD | {"event_id": "e2"}]), NOW, Settings())
    assert [event.event_id for event in batch.events] == ["e1", "e2"]
    assert [(refusal.position, refusal.event_id) for refusal in batch.refusals] == [(1, "bad"), (2, None)]


def test_infinite_and_huge_numbers_are_refused() -> None:
    for number in (b"1e999", b"-1e999", b"1" * 400):
        body = msgspec.json.encode(GOOD)[:-1] + b',"value":' + number + b"}"
        assert [r.problems[0].field for r in parse_batch(body, NOW, Settings()).refusals] == ["value"]
        body = msgspec.json.encode(GOOD | {"properties": {}})[:-3] + b'{"a":' + number + b"}}"
        assert len(parse_batch(body, NOW, Settings()).events) == (number == b"1" * 400)


@given(st.binary(max_size=300))
def test_random_bytes_never_surprise(body: bytes) -> None:
    with suppress(PermanentError):
        assert parse_batch(body, NOW, Settings()).events == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(Event.__struct_fields__), json_values, max_size=6))
def test_random_fields_are_taken_or_named(change: dict[str, Any]) -> None:
    body = msgspec.json.encode(GOOD | change)
    batch = parse_batch(body, NOW, Settings())
    assert len(batch.events) + len(batch.refusals) == 1
    for refusal in batch.refusals:
        assert {problem.field.partition(".")[0].partition("[")[0] for problem in refusal.problems} <= {
            *change,
            "user_id",
        }
    for event in batch.events:
        assert decode_event(encode_event(event)) == event


def test_the_future_is_measured_from_the_receipt() -> None:
    soon = (NOW + timedelta(minutes=59)).isoformat()
    assert parse_event(msgspec.json.encode(GOOD | {"occurred_at": soon}), NOW, Settings()).kind == "item_view"


def test_poisoned_ids() -> None:
    assert all(map(is_poisoned, ["null", "NULL", " guest", "0", "00-00", "", " ", "[object Object]"]))
    assert not any(map(is_poisoned, ["ann", "10", "nullable", "0a"]))
