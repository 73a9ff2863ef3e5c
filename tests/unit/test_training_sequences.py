"""Chains over items: the SQL says what counting by hand says."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from infra.local.bridge import to_row
from shared.events.event import Event, encode_event
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.queries import select, terms
from training.sequences import TERMS, Sequences, read_sequences
from training.tables import write_kinds

SETTINGS = Settings()
START = datetime(2026, 1, 1, tzinfo=UTC)
CUTOFF = START + timedelta(days=10)
Walk = tuple[str, list[tuple[float, str]]]
"""A person, and when in minutes they met what."""


@pytest.fixture(scope="module")
def warehouse(embedded: Warehouse) -> Warehouse:
    return embedded


def load(warehouse: Warehouse, walks: Iterable[Walk]) -> None:
    write_kinds(warehouse, SETTINGS)
    warehouse.run("DELETE FROM events WHERE TRUE")
    events = [
        Event(
            event_id=f"{person}-{number:03}",
            kind="item_view",
            occurred_at=START + timedelta(minutes=minutes),
            user_id=person,
            item_ids=(item,),
        )
        for person, walk in walks
        for number, (minutes, item) in enumerate(walk)
    ]
    warehouse.append("events", [to_row(encode_event(event)) for event in events])


def sequences(warehouse: Warehouse, walks: Iterable[Walk]) -> Sequences:
    load(warehouse, walks)
    return read_sequences(warehouse, terms(CUTOFF, SETTINGS))


def test_a_step_counts_by_its_distance_and_both_ways(warehouse: Warehouse) -> None:
    found = sequences(warehouse, [("ann", [(0, "a"), (1, "b"), (2, "b"), (3, "c")])])
    back = TERMS["backwards"]
    assert dict(found.next["a"]) == pytest.approx({"b": 2 / 3, "c": 1 / 3}, abs=1e-4)
    assert dict(found.next["b"]) == pytest.approx({"c": 1 / (1 + back), "a": back / (1 + back)}, abs=1e-4)
    assert found.ways == {}, "one person is no way"


def test_a_visit_ends_with_silence(warehouse: Warehouse) -> None:
    found = sequences(warehouse, [("ann", [(0, "a"), (1, "b"), (31, "c"), (32, "d"), (300, "d"), (301, "a")])])
    assert found.next.keys() == {"a", "b", "c", "d"}
    assert dict(found.next["c"]).keys() == {"d"}
    assert dict(found.next["d"]).keys() == {"a", "c"}


def test_who_walks_in_circles_counts_once(warehouse: Warehouse) -> None:
    circles = ("bot", [(number / 10, "ab"[number % 2]) for number in range(200)])
    found = sequences(warehouse, [circles, *((f"p{n}", [(0.0, "a"), (1.0, "c")]) for n in range(2))])
    assert dict(found.next["a"]) == pytest.approx({"c": 2 / 3, "b": 1 / 3}, abs=1e-3)


def test_ways_of_two_steps_are_trusted_by_what_is_known_of_them(warehouse: Warehouse) -> None:
    ends = ["c", "c", "c", "d"]
    found = sequences(warehouse, [(f"p{n}", [(0, "a"), (1, "b"), (2, end)]) for n, end in enumerate(ends)])
    trust, ranking = found.ways["b"]["a"]
    assert trust == pytest.approx(4 / (4 + 2), abs=1e-6)
    assert ranking == [("c", 0.75), ("d", 0.25)]


def test_steps_are_those_of_the_log(warehouse: Warehouse) -> None:
    draw = random.Random(4)
    walks = [
        (f"p{n}", sorted((draw.randrange(300) + place / 100, draw.choice("abc")) for place in range(30)))
        for n in range(5)
    ]
    load(warehouse, walks)
    rows = select(warehouse, "steps", terms(CUTOFF, SETTINGS)).to_pylist()
    for person, walk in walks:
        taken = [walk[0], *(two for one, two in pairwise(walk) if two[1] != one[1] or two[0] - one[0] >= 30)]
        found = sorted((row for row in rows if row["person"] == f"u:{person}"), key=lambda row: row["number"])
        assert [row["item_id"] for row in found] == [item for _, item in taken]
        starts = [row["number"] for row in found if row["place"] == 1]
        gaps = [one for one, two in pairwise(walk) if two[0] - one[0] >= 30]
        assert len(starts) == 1 + len(gaps)


def test_what_happens_later_is_not_known(warehouse: Warehouse, tmp_path: Path) -> None:
    known: list[Walk] = [("ann", [(0, "a"), (1, "b")])]
    later: list[Walk] = [("bob", [(15_000, "a"), (15_001, "c")])]
    assert sequences(warehouse, known + later) == sequences(warehouse, known)
