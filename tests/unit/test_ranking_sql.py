"""What ranking learns by SQL of items and personas, on both warehouses: as counted by hand, and nothing too late."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

import msgspec
import pytest
from msgspec.structs import replace

from infra.local.bridge import to_row
from shared.decision import Decision, Shown, encode_decision
from shared.events.event import Event, encode_event
from shared.events.kinds import Kind
from shared.models.facts import ItemFacts, encode_facts
from shared.models.personas import persona_of
from shared.models.popularity import PopularityModel
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training import popularity
from training.leanings import CROWD, personas_at, write_centroids
from training.quality import read_quality
from training.queries import select, terms
from training.tables import write_kinds

SETTINGS = Settings(personas=2)
START = datetime(2026, 1, 1, tzinfo=UTC)
CUTOFF = START + timedelta(days=10)
VALUES = terms(CUTOFF, SETTINGS)
DAY = timedelta(days=1)


@pytest.fixture(params=["embedded", "bigquery"])
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    found: Warehouse = request.getfixturevalue(request.param)
    found.run("DELETE FROM events WHERE TRUE; DELETE FROM items WHERE TRUE; DELETE FROM decisions WHERE TRUE;")
    write_kinds(found, SETTINGS)
    return found


def act(
    name: str, person: str, item: str, kind: Kind = "item_view", at: timedelta = DAY, dwell_s: float | None = None
) -> Event:
    return Event(
        event_id=name,
        kind=kind,
        occurred_at=START + at,
        user_id=person,
        item_ids=(item,),
        category="c",
        dwell_s=dwell_s,
    )


def log(warehouse: Warehouse, events: Sequence[Event], facts: Sequence[ItemFacts] = ()) -> None:
    warehouse.append("events", [to_row(encode_event(event)) for event in events])
    warehouse.append("items", [to_row(encode_facts(each)) for each in facts])


def test_each_person_has_one_voice_for_an_item(warehouse: Warehouse) -> None:
    events = [
        *(act(f"exit{n}", "ann", "a", dwell_s=1) for n in range(3)),
        act("stay", "bob", "a", dwell_s=60),
        act("exit", "bob", "a", dwell_s=1),
        act("cart", "cyd", "a", "add_to_cart"),
        act("no more", "cyd", "a", "dismiss"),
        act("out", "dan", "b", "remove_from_cart"),
        act("seen", "dan", "b"),
        act("seen longer", "eve", "b", dwell_s=30),
        act("later", "fay", "b", "dismiss", at=11 * DAY),
    ]
    log(warehouse, events)
    rows = select(warehouse, "item_quality", VALUES).to_pylist()
    assert [tuple(row.values()) for row in rows] == [("a", 1, 2), ("b", 1, 0)]


def test_nothing_is_told_of_quality_where_nobody_leaves(warehouse: Warehouse) -> None:
    log(warehouse, [act("1", "ann", "a", "add_to_cart"), act("2", "bob", "b", "purchase")])
    assert read_quality(warehouse, VALUES) is None


def test_of_each_fact_the_newest_by_the_cutoff_counts(warehouse: Warehouse) -> None:
    facts = [
        ItemFacts(
            item_id="a", stated_at=START, name="Hat", brand="Acme", price=9.5, currency="EUR", tags=("wool", "red")
        ),
        ItemFacts(item_id="a", stated_at=START + DAY, name="Cap", tags=()),
        ItemFacts(item_id="a", stated_at=CUTOFF + DAY, name="Leak", brand="Leak"),
        ItemFacts(item_id="b", stated_at=START + DAY, category="hats", hidden=False),
        ItemFacts(item_id="hidden", stated_at=START, name="No"),
        ItemFacts(item_id="hidden", stated_at=START + DAY, hidden=True),
        ItemFacts(item_id="expired", stated_at=START, name="No", expires_at=CUTOFF),
        ItemFacts(item_id="leak", stated_at=CUTOFF + DAY, name="Leak"),
    ]
    log(warehouse, [act("1", "ann", "c"), act("2", "bob", "c"), act("3", "bob", "a", at=11 * DAY)], facts)
    rows = {row.pop("item_id"): row for row in select(warehouse, "item_contents", VALUES).to_pylist()}
    assert rows.keys() == {"a", "b", "c"}
    told = {"name": "Cap", "brand": "Acme", "price": 9.5, "currency": "EUR", "tags": "wool\nred", "category": None}
    assert rows["a"] == {**told, "people": 0, "age_rank": 3}
    assert (rows["b"]["category"], rows["b"]["people"], rows["b"]["age_rank"]) == ("hats", 0, 1)
    assert (rows["c"]["category"], rows["c"]["people"], rows["c"]["age_rank"]) == ("c", 2, 2)


def test_which_of_the_same_statements_came_through_changes_nothing(warehouse: Warehouse) -> None:
    """Who is not learned from states facts of what nobody else has met, and most of these statements get lost."""
    silent = [
        msgspec.structs.replace(act(f"{item}{day}", "dan", item, at=day * DAY), category="hats", consent=("analytics",))
        for item, days in (("a", (1, 2, 9)), ("b", (2, 3)))
        for day in days
    ]
    stated = [ItemFacts(item_id=event.item_ids[0], stated_at=event.occurred_at, category="hats") for event in silent]
    found = []
    for some in (stated, stated[::-2], stated[:1] + stated[-1:]):
        warehouse.run("DELETE FROM events WHERE TRUE; DELETE FROM items WHERE TRUE;")
        log(warehouse, silent, some)
        found.append(select(warehouse, "item_contents", VALUES).to_pylist())
    assert found[0] == found[1] == found[2]
    assert [(row["item_id"], row["people"], row["age_rank"]) for row in found[0]] == [("a", 0, 2), ("b", 0, 1)]


def crowd() -> list[Event]:
    """Many who look once at a, and few who come daily to buy b; both know c."""
    look = [act(f"l{n}", f"looker{n:02}", item) for n in range(30) for item in ("a", "c")]
    buy = [
        act(f"b{n}-{day}", f"buyer{n}", "c" if day == 3 else "b", "purchase" if day % 2 else "item_view", at=day * DAY)
        for n in range(6)
        for day in range(1, 9)
    ]
    return [*(event for n, event in enumerate(look) if n % 2 == 0 or n > 20), *buy]


def test_personas_are_those_of_the_hot_path(warehouse: Warehouse) -> None:
    log(warehouse, [*crowd(), act("leak", "looker00", "b", "purchase", at=11 * DAY)])
    model = personas_at(warehouse, CUTOFF, SETTINGS)
    assert model
    write_centroids(warehouse, model)
    rows = select(warehouse, "persona_features", VALUES).to_pylist()
    found = {row["person"]: row["persona"] for row in select(warehouse, "personas", VALUES).to_pylist()}
    assert found == {row.pop("person"): persona_of(model, row) for row in rows}
    assert len(set(found.values())) == 2


def test_a_persona_likes_what_its_people_do_and_a_little_of_what_all_do(warehouse: Warehouse) -> None:
    log(warehouse, crowd())
    personas = personas_at(warehouse, CUTOFF, SETTINGS)
    model = popularity.learn(warehouse, CUTOFF, SETTINGS, personas)
    assert isinstance(model, PopularityModel)
    assert personas
    assert model.personas.keys() == set(personas.names)
    write_centroids(warehouse, personas)
    people = {row["person"]: row["persona"] for row in select(warehouse, "personas", VALUES).to_pylist()}
    interest = select(warehouse, "interest", VALUES).to_pylist()
    newest = max(row["last_ms"] for row in interest)
    half_life_ms = SETTINGS.half_life.total_seconds() * 1000  # of a log this short
    sums: dict[tuple[str, str], float] = {}
    for row in interest:
        decayed = row["weight"] ** 0.5 * 2 ** ((row["last_ms"] - newest) / half_life_ms)
        key = people[row["person"]], row["item_id"]
        sums[key] = sums.get(key, 0.0) + decayed
    share = CROWD / len(people)
    whole = {item: share * sum(value for (_, other), value in sums.items() if other == item) for _, item in sums}
    for persona in personas.names:
        mixed = {item: sums.get((persona, item), 0.0) + value for item, value in whole.items()}
        best = max(mixed.values())
        assert model.among(persona).scores == pytest.approx(
            {item: value / best for item, value in mixed.items()}, abs=1e-6
        )
    of_buyers = next(persona for person, persona in people.items() if person.startswith("u:buyer"))
    assert model.among(of_buyers).scores["a"] < model.scores["a"]
    assert model.among("somebody else") == ([], {}, [*model.trend_scores], model.trend_scores)


def test_the_same_log_in_another_order_leans_the_same(warehouse: Warehouse) -> None:
    def learned(events: Sequence[Event]) -> object:
        warehouse.run("DELETE FROM events WHERE TRUE")
        log(warehouse, events)
        return popularity.learn(warehouse, CUTOFF, SETTINGS, personas_at(warehouse, CUTOFF, SETTINGS))

    by_kind = [list(some) for _, some in groupby(crowd(), key=lambda event: event.kind)]
    assert learned(crowd()) == learned([event for some in reversed(by_kind) for event in some])


def decide(name: str, *item_ids: str, context: str = "home", at: timedelta = DAY) -> Decision:
    return Decision(
        decision_id=name,
        decided_at=START + at,
        user_id="ann",
        persona="newcomer",
        context=context,
        strategy="blend",
        n=len(item_ids),
        items=tuple(
            Shown(item_id=item_id, place=place, score=1.0, source="next", reason="", probability=1.0)
            for place, item_id in enumerate(item_ids, start=1)
        ),
        degraded=False,
    )


def answer(decision: str, name: str, item: str, kind: Kind = "impression", at: timedelta = DAY) -> Event:
    return replace(act(name, "ann", item, kind, at), decision_id=decision)


def test_what_was_shown_and_met_is_counted_by_context_and_place(warehouse: Warehouse) -> None:
    decisions = [
        *[decide("d1", "a", "b", "c")] * 2,
        decide("d2", "b", "a"),
        decide("d3", "a", context="cart"),
        decide("late", "a", at=11 * DAY),
        decide("old", "a", at=-DAY),
    ]
    events = [
        *(answer("d1", f"1{item}", item) for item in "abz"),
        answer("d1", "1a again", "a"),
        answer("d1", "1a met", "a", "click"),
        answer("d1", "1a met again", "a", "purchase"),
        answer("d1", "1c met unseen", "c", "click"),
        answer("d2", "2b", "b"),
        answer("d2", "2a", "a"),
        answer("d2", "2a met too late", "a", "click", at=11 * DAY),
        answer("d3", "3a", "a"),
        act("elsewhere", "ann", "b", "click"),
        *(answer(name, name, "a", at=at) for name, at in (("late", 11 * DAY), ("old", DAY))),
    ]
    log(warehouse, events, [ItemFacts(item_id="b", stated_at=START, hidden=True)])
    warehouse.append("decisions", [to_row(encode_decision(decision)) for decision in decisions])
    values = {**VALUES, "since": START, "newest": 2}
    rows = [tuple(row.values()) for row in select(warehouse, "exposures", values).to_pylist()]
    assert rows == [
        ("cart", "a", 1, 1, 0, True),
        ("home", "a", 1, 1, 1, True),
        ("home", "a", 2, 1, 0, True),
        ("home", "b", 1, 1, 0, False),
        ("home", "b", 2, 1, 0, False),
    ]


def test_the_newest_items_are_those_that_came_last(warehouse: Warehouse) -> None:
    facts = [ItemFacts(item_id=f"i{day}", stated_at=START + day * DAY, name="x") for day in (1, 3, 2, 11)]
    log(warehouse, [], [*facts, ItemFacts(item_id="no", stated_at=START + 5 * DAY, hidden=True)])
    rows = select(warehouse, "newest_items", {**VALUES, "newest": 2})["item_id"].to_pylist()
    assert rows == ["i3", "i2"]
