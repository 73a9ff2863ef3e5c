"""Session-kNN: the SQL finds the sessions, documents hold what there is room for, scores are those of the formula."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import log

import pyarrow
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from infra.local.bridge import to_row
from shared.events.event import Event, encode_event
from shared.models.session_knn import FADE, NEIGHBOURS, STEP, from_sessions, unpack_sessions
from shared.profiles.profile import Recent, new_profile
from shared.profiles.standing import Quarantine, Standing
from shared.ranking.candidates import visited
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training import sessions
from training.quarantine import write_quarantined
from training.queries import terms
from training.sessions import Index, index_of, read_sessions
from training.tables import write_kinds

SETTINGS = Settings()
START = datetime(2026, 1, 1, tzinfo=UTC)
CUTOFF = START + timedelta(hours=10)
VALUES = terms(CUTOFF, SETTINGS)


@pytest.fixture(params=["embedded", "bigquery"])
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    found: Warehouse = request.getfixturevalue(request.param)
    write_kinds(found, SETTINGS)
    found.run("DELETE FROM events WHERE TRUE; DELETE FROM quarantined WHERE TRUE;")
    return found


def visit(person: str, hour: int, items: str, consent: tuple[str, ...] | None = None) -> list[Event]:
    return [
        Event(
            event_id=f"{person}-{hour}-{number}",
            kind="item_view",
            occurred_at=START + timedelta(hours=hour, minutes=number),
            user_id=person,
            item_ids=(item,),
            consent=consent,
        )
        for number, item in enumerate(items)
    ]


def load(warehouse: Warehouse, *visits: Sequence[Event]) -> None:
    warehouse.append("events", [to_row(encode_event(event)) for events in visits for event in events])


LOG = visit("ann", 0, "abca"), visit("bob", 1, "bd"), visit("ann", 2, "aef"), visit("cyd", 3, "gh")


def known(index: Index) -> dict[str, list[str]]:
    """Item → what was met in the sessions that have it, the latest first."""
    return {
        item: ["".join(one.item_ids[place] for place in places) for places in one.places]
        for item, one in index.whole().items()
    }


def test_sessions_are_those_of_visits_to_two_items_or_more(warehouse: Warehouse) -> None:
    load(warehouse, *LOG, visit("dan", 4, "aa"), visit("eve", 11, "ab"))
    index = read_sessions(warehouse, VALUES)
    assert known(index) == {
        "a": ["aef", "abc"],
        "b": ["bd", "abc"],
        "c": ["abc"],
        "d": ["bd"],
        "e": ["aef"],
        "f": ["aef"],
        "g": ["gh"],
        "h": ["gh"],
    }
    assert index.numbers.tolist() == sorted(index.numbers, reverse=True)
    assert known(read_sessions(warehouse, VALUES, sessions=1))["a"] == ["aef"]


def test_nothing_is_known_of_people_who_do_not_count(warehouse: Warehouse) -> None:
    refused = visit("dan", 4, "ad", consent=("analytics",))
    load(warehouse, LOG[1], visit("bad", 5, "bad"), visit("odd", 6, "ob"), refused)
    write_quarantined(warehouse, {"u:bad": Standing(quarantine=Quarantine(0, 3, [], "score"))})
    warehouse.run("DELETE FROM events WHERE user_id = 'odd';")  # as an erasure does
    index = read_sessions(warehouse, VALUES)
    assert known(index) == {"b": ["bd"], "d": ["bd"]}


def test_scores_are_those_of_the_formula(warehouse: Warehouse) -> None:
    load(warehouse, *LOG)
    scores = from_sessions(["b", "a"], read_sessions(warehouse, VALUES).whole())  # b was met last: weights 1 and 1/2
    rare, common = round(log(4) / STEP), round(log(4) / STEP) - round(log(2) / STEP)
    assert scores == pytest.approx(
        {
            "a": 1.5 * common + 0.5 * 0.9 * common,
            "b": 1.5 * common + 1.0 * common,
            "c": 1.5 * rare,
            "d": 1.0 * rare,
            "e": 0.5 * 0.9 * rare,
            "f": 0.5 * 0.9 * rare,
        }
    )
    assert from_sessions([], {}) == from_sessions(["z"], read_sessions(warehouse, VALUES).whole()) == {}


def index(walks: Sequence[Sequence[str]], most: int = sessions.SESSIONS) -> Index:
    """Of these sessions, the latest last; without SQL."""
    having = {item: [number for number, walk in enumerate(walks) if item in walk] for walk in walks for item in walk}
    rows = [
        {
            "item_id": item,
            "number": number,
            "place": place,
            "is_latest": number in having[item][-most:],
            "sessions": len(having[item]),
            "total": len(walks),
        }
        for number, walk in reversed([*enumerate(walks)])
        for place, item in enumerate(walk)
    ]
    return index_of(pyarrow.Table.from_pylist(rows))


def by_hand(met: Sequence[str], walks: Sequence[Sequence[str]]) -> dict[str, float]:
    """V-SkNN over all sessions."""
    having = {item: sum(item in walk for walk in walks) for walk in walks for item in walk}
    near = {
        number: sum(1 - place / len(met) for place, item in enumerate(met) if item in walk)
        for number, walk in enumerate(walks)
    }
    scores: dict[str, float] = {}
    for number in sorted((number for number in near if near[number]), key=lambda one: (-near[one], -one))[:NEIGHBOURS]:
        first = next(place for place, item in enumerate(met) if item in walks[number])
        for item in walks[number]:
            rarity = round(log(len(walks)) / STEP) - round(log(having[item]) / STEP)
            scores[item] = scores.get(item, 0.0) + near[number] * max(0.0, 1 - FADE * first) * rarity
    return {item: score for item, score in scores.items() if score > 0}


walks = st.lists(st.lists(st.sampled_from("abcdefghij"), min_size=2, max_size=6, unique=True), min_size=1, max_size=40)


@budget(deadline=None)
@given(walks, st.lists(st.sampled_from("abcdefghijk"), max_size=11, unique=True))
def test_documents_with_room_enough_say_what_all_sessions_say(log: list[list[str]], met: list[str]) -> None:
    found = index(log)
    documents = {item: unpack_sessions(found.packed(item)) for item in "abcdefghijk"}
    assert from_sessions(met, documents) == pytest.approx(by_hand(met, log))
    assert from_sessions(met, found.whole()) == from_sessions(met, documents)


def test_documents_have_their_limits() -> None:
    long = [f"item-{number:03}" for number in range(100)]
    found = index([*([f"{long[0]}", f"other-{number}-{'x' * 90}"] for number in range(60)), long])
    assert len(found.packed(long[0])) <= sessions.MOST_BYTES
    one, other = (unpack_sessions(found.packed(item)) for item in (long[0], long[50]))
    assert list(one.item_ids[: sessions.ITEMS]) == long[: sessions.ITEMS]
    assert one.numbers[:3] == [60, 59, 58]  # the oldest have no room
    assert sorted(other.item_ids) == long[40:60]
    wide = index([["a", *(f"{number}-{place}" for place in range(sessions.ITEMS))] for number in range(50)])
    assert len(unpack_sessions(wide.packed("a")).item_ids) <= sessions.MOST_NAMES


def test_a_session_elsewhere_leaves_documents_as_they_were() -> None:
    log = [["a", "b"], ["b", "c"], *(["x", "y"] for _ in range(22))]
    before, after = index(log), index([*log, ["x", "y"]])
    assert all(before.packed(item) == after.packed(item) for item in "abc")
    assert before.packed("x") != after.packed("x")


def test_a_visit_ends_with_silence() -> None:
    profile = new_profile(timedelta(days=30))
    assert visited(profile, 1_000) == []
    for at_ms, item_id in ((5_000, "a"), (6_500, "b"), (6_600, "b"), (6_700, "c"), (6_800, "b")):
        profile.recent.append(Recent(at_ms, item_id, "item_view"))
    assert visited(profile, 1_000) == ["b", "c", "b", "b"]
