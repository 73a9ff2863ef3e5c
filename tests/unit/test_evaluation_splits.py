"""What is trained on and what is predicted, by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.evaluation.log import timelines
from infra.evaluation.split import Prediction, Split, sample
from infra.evaluation.splits import parse_splits
from infra.evaluation.steps import sessions_of, steps_of
from shared.errors import PermanentError
from shared.events.event import Context, Event
from shared.events.kinds import Kind

START = datetime(2026, 1, 1, tzinfo=UTC)
GAP = timedelta(minutes=30)


def act(person: str, minute: float, item: str, kind: Kind = "item_view", session: str | None = None) -> Event:
    return Event(
        event_id=f"{person}-{minute}-{item}-{kind}",
        kind=kind,
        occurred_at=START + timedelta(minutes=minute),
        user_id=person,
        item_ids=tuple(item.split()),
        context=Context(session_id=session),
    )


def split(spec: str, *events: Event) -> Split:
    [found] = folds(spec, 1, *events)
    return found


def folds(spec: str, number: int, *events: Event) -> list[Split]:
    people = timelines(sorted(events, key=lambda event: event.occurred_at))
    return [divide(people, GAP) for divide in parse_splits(spec, number)]


def ids(events: list[Event]) -> set[str]:
    return {event.event_id for event in events}


def test_silence_ends_a_session() -> None:
    timeline = [act("ann", minute, "a") for minute in (0, 29, 59, 60)]
    assert [session.places for session in sessions_of("u:ann", timeline, GAP)] == [[0, 1], [2, 3]]


def test_the_senders_sessions_come_first() -> None:
    timeline = [act("ann", 0, "a", session="x"), act("ann", 5, "b", session="y"), act("ann", 90, "c", session="x")]
    assert [session.places for session in sessions_of("u:ann", timeline, GAP)] == [[0, 2], [1]]


def test_repetitions_in_a_row_are_one_step() -> None:
    timeline = [
        act("ann", 0, "a"),
        act("ann", 1, "a", "add_to_cart"),
        act("ann", 2, "b c"),
        act("ann", 3, "d", "dismiss"),
        act("ann", 4, "c"),
        act("ann", 5, "a"),
    ]
    assert steps_of(timeline, range(6)) == [("a", 0), ("b", 2), ("c", 2), ("a", 5)]


def test_the_first_sessions_are_trained_on_to_their_end() -> None:
    events = [
        act("ann", 0, "a"),
        act("bob", 5, "b"),
        act("bob", 20, "c"),
        act("cid", 15, "a"),
        act("cid", 16, "b"),
        act("cid", 17, "b"),
        act("cid", 18, "c"),
    ]
    found = split("sessions:0.67", *events)
    assert ids(found.train) == ids(events[:3])
    assert found.predictions == [Prediction("u:cid", 1, "b"), Prediction("u:cid", 3, "c")]
    assert found.catalogue == ["a", "b", "c"]
    assert "1 of their 3 events come after" in found.rule


def test_what_training_never_saw_is_left_out() -> None:
    found = split("sessions:0.5", act("ann", 0, "a b"), *(act("bob", 9 + n, item) for n, item in enumerate("xaybza")))
    assert [prediction.target for prediction in found.predictions] == ["b", "a"]
    assert found.left_out == 3  # the first a, which nothing known precedes, and y and z


def test_the_last_days_are_cut_off_sharply() -> None:
    day = 24 * 60
    events = [act("ann", 0, "a"), act("ann", day, "b"), act("bob", day - 1, "b"), act("bob", day + 10, "a")]
    events += [act("cid", 2 * day - 1, "b"), act("cid", 2 * day, "a")]
    found = split("days:1", *events)
    assert ids(found.train) == ids([events[0], events[2]])  # bob's session began before: half of it is trained on
    assert found.predictions == [Prediction("u:cid", 1, "a")]


def test_the_last_item_is_held_out_with_all_that_followed() -> None:
    events = [
        act("ann", 0, "a"),
        act("ann", 1, "b"),
        act("ann", 2, "c"),
        act("ann", 3, "c", "purchase"),
        act("ann", 4, "b", "dismiss"),
        act("bob", 0, "c"),
    ]
    found = split("leave-last", *events)
    assert ids(found.train) == ids([events[0], events[1], events[5]])
    assert found.predictions == [Prediction("u:ann", 2, "c")]


def test_a_sample_takes_whole_people_and_is_the_same_every_time() -> None:
    predictions = sorted(Prediction(f"p{number % 10}", number, "a") for number in range(100))
    kept = sample(predictions, 25)
    assert len(kept) == 30
    assert len({prediction.person for prediction in kept}) == 3
    assert kept == sorted(kept) == sample(predictions, 25)
    assert sample(predictions, 100) == predictions


@pytest.mark.parametrize(
    "spec", ["", "sessions", "sessions:0", "sessions:1", "sessions:nan", "days:-1", "days:x", "last"]
)
def test_an_unknown_split_is_refused(spec: str) -> None:
    with pytest.raises(PermanentError, match=r"unknown split; split: expected sessions:SHARE"):
        parse_splits(spec)
