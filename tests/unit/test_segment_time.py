"""The sender's clock: corrected as Segment's spec says where it matters, left alone where it does not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.events.segment_time import TOLERATED_SKEW, read_moment

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ORIGINAL = datetime(2026, 11, 22, 11, tzinfo=UTC)
durations = st.timedeltas(timedelta(days=-4_000), timedelta(days=4_000))


@given(error=durations, waited=st.timedeltas(timedelta(0), timedelta(days=30)))
def test_a_wrong_clock_is_corrected_exactly(error: timedelta, waited: timedelta) -> None:
    """The spec's formula; an error that does not matter is left as it is."""
    payload = {"timestamp": (NOW - waited + error).isoformat(), "sentAt": (NOW + error).isoformat()}
    found = read_moment(payload, NOW)
    assert found == NOW - waited + (error if abs(error) <= TOLERATED_SKEW else timedelta(0))


@given(st.lists(st.timedeltas(timedelta(0), TOLERATED_SKEW), min_size=2))
def test_an_event_sent_again_keeps_its_time(latencies: list[timedelta]) -> None:
    payload = {"timestamp": ORIGINAL.isoformat(), "sentAt": NOW.isoformat()}
    assert {read_moment(payload, NOW + latency) for latency in latencies} == {ORIGINAL}


def test_what_segment_forwards_is_corrected_already() -> None:
    payload = {
        "timestamp": "2015-12-12T19:11:01.249Z",
        "originalTimestamp": "2015-12-12T18:11:01.152Z",
        "sentAt": "2015-12-12T18:11:01.169Z",
        "receivedAt": "2015-12-12T19:11:01.266Z",
    }
    assert read_moment(payload, NOW) == datetime(2015, 12, 12, 19, 11, 1, 249_000, UTC)
    del payload["timestamp"]  # then the formula, with Segment's own receipt
    assert read_moment(payload, NOW) == datetime(2015, 12, 12, 19, 11, 1, 249_000, UTC)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({}, NOW),
        ({"timestamp": ""}, NOW),
        ({"sentAt": "2026-11-22T10:00:00Z"}, NOW),
        ({"timestamp": "2026-11-22T11:00:00Z"}, ORIGINAL),
        ({"timestamp": "2026-11-22T11:00:00Z", "sentAt": "soon"}, ORIGINAL),
        ({"timestamp": "2026-11-22T11:00:00"}, ORIGINAL),
        ({"timestamp": "2026-11-22T12:00:00+01:00"}, ORIGINAL),
        ({"originalTimestamp": "2026-11-22T11:00:00Z"}, ORIGINAL),
    ],
)
def test_times_as_they_come(payload: dict[str, str], expected: datetime) -> None:
    found = read_moment(payload, NOW)
    assert (found, found.utcoffset()) == (expected, timedelta(0))


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.lists(st.text()), st.datetimes().map(str)))
def test_any_time_is_read_or_named(value: object) -> None:
    named = ["timestamp"]
    try:
        assert read_moment({"timestamp": value, "sentAt": value}, NOW).tzinfo is UTC
    except PermanentError as error:
        named = [problem.field for problem in error.problems]
    assert named == ["timestamp"]
