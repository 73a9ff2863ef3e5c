"""The simulator: every kind of event, the same at each run, by people who act as they are."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from statistics import mean
from typing import Any

import msgspec
import pytest

from infra.local.inputs import open_input
from infra.local.inputs.batches import cut
from infra.local.inputs.simulate import PERSONAS, Simulation, Truth, parse_simulation
from infra.local.inputs.simulate.bots import HABITS
from infra.local.inputs.simulate.catalogue import CATEGORIES, STYLES
from infra.local.inputs.simulate.stream import END
from shared.events.event import Event
from shared.events.kinds import KINDS
from shared.events.parse import parse_batch
from shared.settings import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def events() -> list[Event]:
    parsed = [parse_batch(batch.body, NOW, Settings()) for batch in cut(Simulation().events(), 500, 480_000)]
    assert [refusal for batch in parsed for refusal in batch.refusals] == []
    return [event for batch in parsed for event in batch.events]


@pytest.fixture(scope="module")
def people() -> dict[str, Truth]:
    """Who is behind a device."""
    return {device: person for person in Simulation().truth() for device in person.anonymous_ids}


def test_every_kind_occurs(events: list[Event]) -> None:
    assert {event.kind for event in events} == set(KINDS)
    assert 25_000 <= len(events) <= 35_000
    assert len({event.event_id for event in events}) == len(events)


def test_events_come_in_order_and_within_the_period(events: list[Event]) -> None:
    times = [event.occurred_at for event in events]
    assert times == sorted(times)
    assert times[0] >= END - timedelta(days=30)
    assert times[-1] < END + timedelta(hours=2)


def test_equal_parameters_give_equal_bytes() -> None:
    encode = msgspec.json.Encoder().encode
    options = "users=20,days=5,seed=3"
    simulation = parse_simulation(options)
    assert simulation == Simulation(users=20, days=5, seed=3)
    once = [encode(event) for event in open_input(f"simulate:{options}")]
    assert once == [encode(event) for event in simulation.events()]
    assert once == [encode(event) for event in simulation.events()]
    assert simulation.truth() == simulation.truth()
    assert once != [encode(event) for event in Simulation(20, 5, 4).events()]


def test_simulations_share_neither_people_nor_event_ids() -> None:
    one, other = list(Simulation(20, 5, 3).events()), list(Simulation(20, 5, 4).events())
    for name in ("event_id", "anonymous_id"):
        assert {event[name] for event in one}.isdisjoint(event[name] for event in other)


def test_an_input_knows_its_size_and_end() -> None:
    opened = open_input("simulate:users=20,days=5")
    found = list(opened)
    assert opened.total == len(found)
    assert opened.last is not None
    assert opened.last == datetime.fromisoformat(str(found[-1]["occurred_at"]))


def test_truth_is_a_distribution_over_categories_and_styles(people: dict[str, Truth]) -> None:
    for person in people.values():
        assert person.persona in PERSONAS
        assert tuple(person.tastes) == CATEGORIES
        assert tuple(person.styles) == STYLES
        assert sum(person.tastes.values()) == pytest.approx(1)
        assert sum(person.styles.values()) == pytest.approx(1)


@pytest.mark.parametrize("kind", ["purchase", "item_view", "bookmark"])
def test_acts_follow_tastes(events: list[Event], people: dict[str, Truth], kind: str) -> None:
    """Of what a person does, each category has the share that the taste for it has."""
    acts: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        if event.kind == kind:
            acts[str(event.anonymous_id)][str(event.category)] += 1
    often = {device: counts for device, counts in acts.items() if counts.total() >= 5}
    assert len(often) >= 20
    favourites = [max(people[device].tastes, key=people[device].tastes.__getitem__) for device in often]
    hits = [counts.most_common(1)[0][0] == best for counts, best in zip(often.values(), favourites, strict=True)]
    assert mean(hits) > 0.7
    overlap = [
        sum(min(counts[name] / counts.total(), people[device].tastes[name]) for name in CATEGORIES)
        for device, counts in often.items()
    ]
    assert mean(overlap) > 0.65


def test_dismissals_go_against_tastes(events: list[Event], people: dict[str, Truth]) -> None:
    def taste_for(kind: str) -> float:
        acts = (event for event in events if event.kind == kind)
        return mean(people[str(act.anonymous_id)].tastes[str(act.category)] for act in acts)

    assert taste_for("dismiss") < 1 / len(CATEGORIES) < taste_for("click")


def test_personas_differ_as_their_names_say(events: list[Event], people: dict[str, Truth]) -> None:
    acts: dict[str, Counter[str]] = defaultdict(Counter)
    sessions: dict[str, set[str | None]] = defaultdict(set)
    for event in events:
        persona = people[str(event.anonymous_id)].persona
        acts[persona][event.kind] += 1
        sessions[persona].add(event.context.session_id)
    bought = {persona: acts[persona]["purchase"] / len(sessions[persona]) for persona in PERSONAS}
    assert max(bought, key=bought.__getitem__) == "high_intent_buyer"
    assert bought["browser"] < bought["loyal_regular"]
    last = {
        persona: [e.occurred_at for e in events if people[str(e.anonymous_id)].persona == persona][-1]
        for persona in PERSONAS
    }
    assert min(last, key=last.__getitem__) == "disengaged"


def test_visits_lie_apart_and_carts_are_honest(events: list[Event]) -> None:
    ends: dict[Any, datetime] = {}
    carts: dict[Any, set[str]] = defaultdict(set)
    last_session: dict[Any, str | None] = {}
    for event in events:
        who = str(event.anonymous_id)[:-1]
        if event.context.session_id != last_session.get(who) and who in ends:
            assert event.occurred_at - ends[who] > Settings().session_gap
        ends[who], last_session[who] = event.occurred_at, event.context.session_id
        if event.kind == "add_to_cart":
            carts[who].update(event.item_ids)
        if event.kind in ("purchase", "remove_from_cart"):
            assert set(event.item_ids) <= carts[who]
            carts[who].difference_update(event.item_ids)


def test_people_become_known(events: list[Event]) -> None:
    linked = [event for event in events if event.kind in ("identify", "alias", "sign_up")]
    assert all(event.user_id and event.anonymous_id for event in linked)
    known_from: dict[str | None, datetime] = {}
    for event in events:
        if event.user_id is not None:
            known_from.setdefault(event.anonymous_id, event.occurred_at)
    before = [event for event in events if event.occurred_at < known_from.get(event.anonymous_id, END)]
    joined = {event.anonymous_id for event in before} & set(known_from)
    assert len(joined) > 20


def test_recommendations_shown_are_answered(events: list[Event]) -> None:
    shown = {event.decision_id: set(event.item_ids) for event in events if event.kind == "impression"}
    answers = [event for event in events if event.kind in ("click", "dismiss")]
    assert answers
    for answer in answers:
        assert set(answer.item_ids) <= shown[answer.decision_id]
        assert answer.slot == "home"


def test_bots_come_beside_the_people_and_change_nothing_of_theirs() -> None:
    mixed = parse_simulation("users=20,days=5,seed=3,bots=14")
    machines = {bot.name for bot in mixed.machines()}
    assert {bot.habit for bot in mixed.machines()} == set(HABITS)
    parsed = [parse_batch(batch.body, NOW, Settings()) for batch in cut(mixed.events(), 500, 480_000)]
    assert [refusal for batch in parsed for refusal in batch.refusals] == []
    events = [event for batch in parsed for event in batch.events]
    assert len({event.event_id for event in events}) == len(events)
    by_bots = {event.event_id for event in events if str(event.event_id).rpartition("-")[0] in machines}
    assert len(by_bots) > 14 * 40
    people = [event["event_id"] for event in Simulation(20, 5, 3).events()]
    assert [event.event_id for event in events if event.event_id not in by_bots] == people
    assert list(mixed.events()) == list(mixed.events())
