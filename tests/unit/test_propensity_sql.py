"""Features and labels of propensities by SQL: those of the profile, and nothing that came later."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from shared.events.event import Event
from shared.models.propensity_features import WORDS, propensity_features
from shared.profiles.profile import to_ms
from shared.settings import Settings
from shared.stores.ports import Warehouse
from tests.regulars import regulars
from tests.unit.test_sql import CUTOFF, SETTINGS, TERMS, folded, load, make_log
from training.job import train
from training.propensity.rows import Goal, propensity_terms, read_rows
from training.queries import select, terms
from training.results import Fitted

Row = dict[str, float]
START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def features_at(found: Warehouse, at: datetime) -> dict[str, Row]:
    """Of everyone, as of this time."""
    asked = propensity_terms("churn", SETTINGS) | {"window_ms": 0, "snapshots": 1, "active_ms": 10**12}
    rows = select(found, "propensity_features", {**terms(at, SETTINGS), **asked}).to_pylist()
    return {row.pop("person"): {name: row[name] for name in WORDS} for row in rows}


def spenders(seed: int, n: int) -> list[Event]:
    """A log whose purchases have a worth."""
    draw = random.Random(seed)
    worth = [None, 9.5, 120.25, 0.0]
    return [
        Event(**{**{name: getattr(event, name) for name in event.__struct_fields__}, "value": draw.choice(worth)})
        for event in make_log(seed, n)
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_features_are_those_of_the_profile(warehouse: Warehouse, seed: int) -> None:
    events = spenders(seed, 400)
    load(warehouse, events)
    for at in (CUTOFF, CUTOFF - 9 * DAY):
        at = at.replace(microsecond=0)
        expected = {
            person: propensity_features(profile, at, TERMS.session_cap_ms)
            for person, profile in folded(event for event in events if event.occurred_at <= at).items()
            if profile.last_ms
        }
        found = features_at(warehouse, at)
        assert found.keys() == expected.keys()
        assert len(found) > 5
        for person, values in expected.items():
            assert found[person] == pytest.approx(values, abs=1e-6), person
    assert any(row["spent"] for row in found.values())


def visit(person: str, day: float, kind: str = "item_view", number: int = 0) -> Event:
    at = START + day * DAY
    name = f"{person}-{kind}-{day}-{number}"
    return Event(event_id=name, kind=kind, occurred_at=at, user_id=person, item_ids=("i",), value=10.0)  # type: ignore[arg-type]


def rows_of(found: Warehouse, goal: Goal, cutoff: datetime, events: Iterable[Event]) -> dict[tuple[str, int], Row]:
    """By person and snapshot: features, `label` and what follows."""
    load(found, events)
    asked = {**terms(cutoff, SETTINGS), **propensity_terms(goal, SETTINGS)}
    rows = select(found, "propensity", asked).to_pylist()
    return {(row.pop("person"), row.pop("snapshot")): row for row in rows}


def test_a_snapshot_knows_nothing_of_what_came_later(warehouse: Warehouse) -> None:
    events, cutoff = spenders(3, 300), CUTOFF.replace(microsecond=0)
    before = rows_of(warehouse, "conversion", cutoff, events)
    newest = cutoff - 7 * DAY
    people = {str(event.user_id) for event in events if event.user_id}
    leak = [
        Event(
            event_id=f"leak-{person}-{number}",
            kind="purchase",
            occurred_at=newest + timedelta(milliseconds=1) + number * DAY,
            user_id=person,
            value=1e6,
        )
        for person in people
        for number in range(7)
    ]
    after = rows_of(warehouse, "conversion", cutoff, [*events, *leak])
    assert after.keys() == before.keys()
    assert {snapshot for _, snapshot in after} >= {0, 1, 2}
    for key, row in after.items():
        assert {name: row[name] for name in WORDS} == {name: before[key][name] for name in WORDS}, key
    newest_labels = {person: row["bought"] for (person, snapshot), row in after.items() if snapshot == 0}
    assert len(newest_labels) > 5
    assert all(newest_labels[person] for person in newest_labels if person.startswith("u:")), "but the labels know it"


def test_each_snapshot_is_the_profile_of_then(warehouse: Warehouse) -> None:
    """What came after a snapshot is a leak planted for it: all, not the newest alone, are as the fold had it."""
    events, cutoff = list(regulars(60, 90)), START + 90 * DAY
    windows: list[tuple[Goal, int]] = [("conversion", 7), ("churn", 30)]
    for goal, days in windows:
        rows = rows_of(warehouse, goal, cutoff, events)
        assert {snapshot for _, snapshot in rows} == set(range(12 if days == 7 else 9))
        for snapshot in {snapshot for _, snapshot in rows}:
            at = cutoff - days * DAY - 7 * snapshot * DAY
            profiles = folded(event for event in events if event.occurred_at <= at)
            expected = {
                person: propensity_features(profile, at, TERMS.session_cap_ms)
                for person, profile in profiles.items()
                if profile.last_ms > to_ms(at - 30 * DAY)
            }
            assert {person for person, number in rows if number == snapshot} == expected.keys()
            for person, values in expected.items():
                row = rows[person, snapshot]
                assert {name: row[name] for name in WORDS} == pytest.approx(values, abs=1e-6), (person, snapshot)


def told(row: Row) -> Row:
    return {name: row[name] for name in ("bought", "meant", "gone")}


def test_labels_are_what_happened_within_the_window(warehouse: Warehouse) -> None:
    cutoff = START + 60 * DAY
    at = 60 - 7.0  # days, of the newest snapshot
    events = [
        *(visit(person, at - 1) for person in ("none", "looks", "means", "buys", "late", "edge", "old")),
        visit("looks", at + 1),
        visit("means", at + 2, "add_to_cart"),
        visit("buys", at + 6.9, "purchase"),
        visit("late", at + 7.01, "purchase"),
        visit("edge", at + 7, "purchase"),
        visit("edge", at, "purchase"),
        visit("new", at + 1, "purchase"),
        visit("away", at - 30.5),
    ]
    rows = rows_of(warehouse, "conversion", cutoff, events)
    newest = {person[2:]: told(row) for (person, snapshot), row in rows.items() if snapshot == 0}
    assert "new" not in newest, "who had not acted yet is not known"
    assert "away" not in newest, "who had churned is not told anything of"
    labels = {person: (row["bought"], row["meant"], row["gone"]) for person, row in newest.items()}
    assert labels == {
        "none": (False, False, True),
        "old": (False, False, True),
        "late": (False, False, True),
        "looks": (False, False, False),
        "means": (False, True, False),
        "buys": (True, True, False),
        "edge": (True, True, False),
    }
    assert rows["u:edge", 0]["purchases"] == 1.0, "what happens at the snapshot is known, not predicted"


def test_a_site_that_sells_nothing_converts_by_intent(warehouse: Warehouse) -> None:
    cutoff = START + 60 * DAY
    load(warehouse, [visit("ann", 52), visit("ann", 54, "form_submit"), visit("bob", 52)])
    seen = read_rows(warehouse, "conversion", cutoff, SETTINGS)
    newest = seen.snapshots == 0
    assert seen.goal == "an act of high intent"
    assert sorted(seen.rows.labels[newest].tolist()) == [0.0, 1.0]
    load(warehouse, [visit("ann", 52), visit("ann", 54, "form_submit"), visit("bob", 20, "purchase"), visit("bob", 50)])
    seen = read_rows(warehouse, "conversion", cutoff, SETTINGS)
    assert seen.goal == "a purchase"
    assert not seen.rows.labels[seen.snapshots == 0].any()


def test_windows_are_settings(warehouse: Warehouse) -> None:
    load(warehouse, [visit("ann", 40), visit("ann", 52)])
    for days, label in ((11, [1.0]), (12, [0.0])):
        settings = Settings(churn_days=days)
        seen = read_rows(warehouse, "churn", START + 40 * DAY + days * DAY, settings)
        assert seen.rows.labels[seen.snapshots == 0].tolist() == label


def test_of_many_rows_the_same_are_drawn(warehouse: Warehouse) -> None:
    events, cutoff = spenders(4, 300), CUTOFF.replace(microsecond=0)
    load(warehouse, events)
    asked = {**terms(cutoff, SETTINGS), **propensity_terms("churn", SETTINGS)}
    every = select(warehouse, "propensity", asked).to_pylist()
    load(warehouse, list(reversed(events)))
    some = select(warehouse, "propensity", {**asked, "rows": 7}).to_pylist()
    assert some == every[:7]


def test_both_warehouses_learn_the_same(embedded: Warehouse, bigquery: Warehouse) -> None:
    events, cutoff = list(regulars(130, 60)), START + 60 * DAY
    versions = []
    for found in (embedded, bigquery):
        load(found, events)
        result, _ = train(found, ["conversion"], cutoff, SETTINGS)["conversion"]
        assert isinstance(result, Fitted), result
        versions.append(result.version)
    assert versions[0] == versions[1]
