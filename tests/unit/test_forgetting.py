"""Whose a letter, a row and a device are, when only hashes of people are known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgetting.devices import theirs
from forgetting.letters import is_named, persons
from forgetting.marks import FOREVER_MS, mark, marks_of, relation, union
from forgetting.readable import readable
from shared.profiles.profile import to_ms
from shared.profiles.standing import Standing
from shared.stores.ports import Message
from tests.unit.people import START, make

NOW_MS = to_ms(START)
EVENT = b'{"event_id":"1","user_id":"ann","anonymous_id":"phone","occurred_at":"2025-06-01T00:00:00Z"}'


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (EVENT, {"u:ann", "a:phone"}),
        (b'{"type":"track","userId":7,"context":{"traits":{"anonymousId":"x"}}}', {"u:7", "a:x"}),
        (b'[{"previousId":"p"}]', {"u:p", "a:p"}),
        (b'{"user_pseudo_id":"1.2","note":"ann","userId":null,"user_id":true}', {"a:1.2"}),
        (b'{"user_id": "ann", "occurred_at": "20', {"u:ann"}),
        (b"\xff\xfe", set()),
        (b"[" * 100_000, set()),
    ],
)
def test_whom_a_letter_names(data: bytes, expected: set[str]) -> None:
    assert persons(Message(data)) == expected
    assert persons(Message(data, key="u:key", attributes={"user_id": "attribute"})) == expected | {
        "u:key",
        "u:attribute",
    }


@pytest.mark.parametrize(
    ("persons", "data", "expected"),
    [
        ({"u:ann": NOW_MS}, EVENT, True),
        ({"u:ann": NOW_MS}, EVENT.replace(b"2025", b"2027"), False),
        ({"u:ann": FOREVER_MS}, EVENT.replace(b"2025", b"2027"), True),
        ({"u:phone": NOW_MS}, EVENT, False),
        ({"a:phone": NOW_MS}, EVENT, True),
        ({"s:phone": NOW_MS}, EVENT, False),
        ({"s:phone": NOW_MS}, EVENT.replace(b'"user_id":"ann",', b""), True),
        ({"u:ann": NOW_MS}, b'{"user_id":"ann","occurred_at":"yesterday"}', True),
        ({}, EVENT, False),
    ],
)
def test_a_letter_of_somebody_erased(persons: dict[str, int], data: bytes, expected: bool) -> None:
    assert is_named(Message(data), marks_of(persons)) is expected


def test_what_of_a_device_is_a_users() -> None:
    devices = {
        "a:own": Standing(claims={"ann": 5}),
        "a:unknown": Standing(),
        "a:shared": Standing(claims={"ann": 5, "bob": 50}),
        "a:bobs": Standing(claims={"bob": 5, "ann": 50}),
        "a:given-back": Standing(claims={"ann": 5, "bob": 6}, revoked=["bob"]),
        "a:everybodys": Standing(claims={"ann": 1, "bob": 2, "cyd": 3, "dan": 4}),
    }
    assert theirs("u:ann", devices, 100) == {
        "u:ann": 100,
        "a:own": 100,
        "a:unknown": 100,
        "s:shared": 49,
        "s:given-back": 100,
    }
    assert theirs("a:own", devices, 100) == {"a:own": 100}


@given(st.dictionaries(st.sampled_from(["u:a", "a:a", "s:a", "u:b"]), st.integers(0, FOREVER_MS)))
def test_marks_keep_the_longer_and_tell_kinds_apart(known: dict[str, int]) -> None:
    marks = marks_of(known)
    assert len(marks) == len(known)
    assert union([marks, dict.fromkeys(marks, 5)]) == {one: max(until_ms, 5) for one, until_ms in marks.items()}


def test_nothing_but_marks_becomes_sql() -> None:
    assert mark("u:x") in relation({mark("u:x"): 1})
    for wrong in ("u:ann'), ('", "", "x" * 65, mark("u:x") + "'"):
        with pytest.raises(ValueError, match="expected marks"):
            relation({wrong: 1})


def test_packed_values_are_readable() -> None:
    shown = readable(Standing(claims={"ann": 5}))
    assert (shown["claims"], shown["persona"]) == ({"ann": 5}, "newcomer")
    assert readable({"events": [b'{"a":1}', b"\x00\xff", b"[1"]}) == {"events": [{"a": 1}, "00ff", "5b31"]}
    assert readable(make(1, "click", 0, 1))["event_id"] == "e1"
