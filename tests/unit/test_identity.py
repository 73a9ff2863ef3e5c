"""Identity's promises: whose an event is depends on which claims there are, and a change names everybody it touches."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.event import Event
from shared.profiles.fold import read_terms
from shared.profiles.identity import (
    MOST_CLAIMS,
    MOST_USERS,
    Change,
    attribute,
    change,
    claim,
    claims_of,
    copy,
    is_given_away,
    owner,
)
from shared.profiles.standing import Standing
from shared.settings import Settings

START = datetime(2026, 1, 1, tzinfo=UTC)
TERMS = read_terms(Settings())
TIMES = range(1, 30)
USERS = [f"u{number}" for number in range(12)]

claims = st.lists(st.tuples(st.sampled_from(USERS), st.sampled_from(TIMES)), max_size=20)
revocations = st.lists(st.sampled_from(USERS[:4]), unique=True)


def device(made: list[tuple[str, int]], revoked: list[str]) -> Standing:
    found = Standing(revoked=list(revoked))
    for user_id, at_ms in made:
        claim(found, user_id, at_ms)
    return found


def owner_in_words(made: list[tuple[str, int]], revoked: list[str], at_ms: int) -> str | None:
    """The rules of decision 23, from all claims at once."""
    earliest: dict[str, int] = {}
    for user_id, claimed_ms in made:
        earliest[user_id] = min(claimed_ms, earliest.get(user_id, claimed_ms))
    kept = sorted(earliest, key=lambda user_id: (earliest[user_id], user_id))[:MOST_CLAIMS]
    counting = [user_id for user_id in kept if user_id not in revoked]
    if not counting or len(counting) > MOST_USERS:
        return None
    if len(counting) > 1 and at_ms >= earliest[counting[1]]:
        return None
    return counting[0]


@given(claims, revocations, st.randoms(use_true_random=False))
def test_order_and_repetition_of_claims_change_nothing(
    made: list[tuple[str, int]], revoked: list[str], rng: random.Random
) -> None:
    again = made + rng.choices(made, k=5) if made else []
    rng.shuffle(again)
    found = device(again, revoked)
    assert found == device(made, revoked)
    assert len(found.claims) <= MOST_CLAIMS
    for at_ms in TIMES:
        assert owner(found, at_ms) == owner_in_words(made, revoked, at_ms)


@given(claims, revocations, st.sampled_from(USERS), st.sampled_from(TIMES))
def test_a_change_names_everybody_whose_events_change(
    made: list[tuple[str, int]], revoked: list[str], user_id: str, at_ms: int
) -> None:
    before = device(made, revoked)
    after = copy(before)
    changed = claim(after, user_id, at_ms)
    assert changed == (after.claims != before.claims)
    found = change(before, after)
    moved = {(owner(before, time), owner(after, time)) for time in (*TIMES, 10**6)}
    touched = {user for pair in moved if pair[0] != pair[1] for user in pair if user is not None}
    if found.what == "nothing":
        assert not touched
    elif found.what == "take_over":
        assert moved == {(None, user_id)}
        assert not before.claims
        assert is_given_away(after)
    else:
        assert touched <= set(found.users)


def test_the_second_user_of_a_device_takes_nothing_from_the_first() -> None:
    shared = device([("ann", 10), ("bob", 20)], [])
    assert [owner(shared, at_ms) for at_ms in (5, 15, 20, 25)] == ["ann", "ann", None, None]
    assert change(device([("ann", 10)], []), shared) == Change("refold", ("ann",))
    assert change(shared, device([("ann", 10), ("bob", 5)], [])) == Change("refold", ("ann", "bob"))
    assert change(shared, device([("ann", 7), ("bob", 20)], [])) == Change("nothing")


def test_a_device_of_too_many_is_nobodys_until_their_claims_are_taken_back() -> None:
    crowd = device([(user_id, 10 + number) for number, user_id in enumerate(USERS[: MOST_USERS + 1])], [])
    assert {owner(crowd, at_ms) for at_ms in TIMES} == {None}
    crowd.revoked.append(USERS[0])
    assert owner(crowd, 1) == USERS[1]


def test_a_device_that_was_ever_claimed_is_not_handed_over_as_it_is() -> None:
    """What its state holds may be waiting for a refold."""
    before = device([("ann", 10)], ["ann"])
    after = copy(before)
    claim(after, "bob", 20)
    assert change(before, after) == Change("refold", ("bob",))


def make(number: int, minute: int, user: int | None, where: int | None, consent: tuple[str, ...] | None) -> Event:
    return Event(
        event_id=f"e{number}",
        kind="click",
        occurred_at=START + timedelta(minutes=minute),
        user_id=None if user is None else f"u{user}",
        anonymous_id=None if where is None else f"d{where}",
        consent=consent,
    )


rows = st.tuples(
    st.integers(0, 20),
    st.one_of(st.none(), st.integers(0, 4)),
    st.one_of(st.none(), st.integers(0, 2)),
    st.sampled_from([None, (), ("personalization",)]),
).filter(lambda row: row[1] is not None or row[2] is not None)
events = st.lists(rows, max_size=30).map(lambda found: [make(number, *row) for number, row in enumerate(found)])


@given(events, st.randoms(use_true_random=False))
def test_attribution_is_a_function_of_the_set(found: list[Event], rng: random.Random) -> None:
    shuffled = rng.sample(found, len(found))

    def by_person(some: list[Event]) -> dict[str, set[str]]:
        people = attribute(some, claims_of(some, TERMS))
        return {person: {event.event_id for event in theirs} for person, theirs in people.items()}

    assert by_person(found) == by_person(shuffled)
    assert sum(map(len, by_person(found).values())) == len(found)


@given(events)
def test_known_users_keep_their_own_events_and_get_nobody_elses(found: list[Event]) -> None:
    whose: dict[str, set[str | None]] = defaultdict(set)
    for person, theirs in attribute(found, claims_of(found, TERMS)).items():
        whose[person] |= {event.user_id for event in theirs}
    for person, users in whose.items():
        assert users <= ({person.removeprefix("u:"), None} if person.startswith("u:") else {None})


@pytest.mark.parametrize("consent", [(), ("advertising",)])
def test_without_consent_nothing_is_claimed(consent: tuple[str, ...]) -> None:
    assert claims_of([make(1, 1, 1, 1, consent)], TERMS) == {}
