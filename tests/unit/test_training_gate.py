"""The gate: better than popularity and not worse than what is live, on what happened later."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest

from infra.local.bridge import to_row
from shared.events.event import Event, encode_event
from shared.models.artifact import pack_model
from shared.models.popularity import PopularityModel
from shared.models.relations import Relations, pack
from shared.profiles.profile import to_ms
from shared.settings import Settings
from shared.stores.gcp.warehouse import BigQueryWarehouse
from shared.stores.ports import Warehouse
from training import neighbours, trial
from training.card import Verdict
from training.held_out import find_cut, read_met, read_timelines, steps
from training.job import train
from training.quarantine import write_quarantined
from training.queries import select, terms
from training.sequences import Sequences
from training.tables import create_tables
from training.trial import Live, try_ranking

START = datetime(2026, 1, 1, tzinfo=UTC)
CUTOFF = START + timedelta(days=30)
SETTINGS = Settings()
CIRCLE = 6


def circles(people: int = 300) -> Iterator[Event]:
    """Everyone goes round in one of five circles of items, a person a day; items of all are alike in popularity."""
    draw = Random(1)
    for person in range(people):
        circle, start = draw.randrange(5), draw.randrange(CIRCLE)
        for step in range(CIRCLE - 1):
            yield Event(
                event_id=f"{person}-{step}",
                kind="item_view",
                occurred_at=START + timedelta(days=28 * person / people, minutes=step),
                user_id=f"u{person}",
                item_ids=(f"c{circle}-{(start + step) % CIRCLE}",),
            )


@pytest.fixture(scope="module")
def warehouse(embedded: Warehouse) -> Warehouse:
    write_quarantined(embedded, {})
    embedded.append("events", [to_row(encode_event(event)) for event in circles()])
    train(embedded, (), CUTOFF, SETTINGS)
    return embedded


def nothing(_: object) -> dict[str, bytes]:
    return {}


def live(relations: dict[str, bytes], at: datetime) -> Live:
    version = f"{at:%Y%m%dT%H%M%SZ}-000000"
    _, fields = pack_model("popularity", version, PopularityModel(version, [(item, 0.5) for item in relations], {}))
    return Live({"popularity": version, "neighbours": version}, {"popularity": fields}, lambda _: relations)


def tried(warehouse: Warehouse, before: Live) -> Verdict:
    trained = train(warehouse, ("neighbours", "popularity"), CUTOFF, SETTINGS)
    verdict = try_ranking(warehouse, trained, CUTOFF, SETTINGS, before)
    assert verdict
    return verdict


def value(verdict: Verdict, model: str, metric: str) -> float:
    [found] = [figure.value for figure in verdict.figures if (figure.model, figure.metric) == (model, metric)]
    assert found is not None
    return found


def test_the_first_models_must_be_better_than_popularity(warehouse: Warehouse) -> None:
    verdict = tried(warehouse, Live({}, {}, nothing))
    assert verdict.promote
    assert verdict.reason.startswith("better than popularity by NDCG@10 +")
    assert value(verdict, "new", "HR@10") > value(verdict, "popularity", "HR@10")
    assert {figure.model for figure in verdict.figures} == {"new", "popularity", "popularity, new to them"}
    assert all(figure.low is not None for figure in verdict.figures if figure.metric == "NDCG@10")


def test_what_is_worse_than_the_live_models_stays_out(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The live relations know what comes next; from those of the training that is taken away."""
    monkeypatch.setattr(neighbours, "read_sequences", lambda *_: Sequences({}, {}))
    knowing = {
        f"c{circle}-{place}": pack(Relations([(f"c{circle}-{(place + 1) % CIRCLE}", 1.0)]))
        for circle in range(5)
        for place in range(CIRCLE)
    }
    verdict = tried(warehouse, live(knowing, START + timedelta(days=15)))
    assert not verdict.promote
    assert verdict.reason.startswith("worse than what is live: NDCG@10 -")
    assert value(verdict, "live", "NDCG@10") > value(verdict, "new", "NDCG@10")


def test_what_is_better_than_the_live_models_goes_live(warehouse: Warehouse) -> None:
    useless = {f"c{circle}-{place}": pack(Relations([("c0-0", 1.0)])) for circle in range(5) for place in range(CIRCLE)}
    verdict = tried(warehouse, live(useless, START + timedelta(days=15)))
    assert verdict.promote
    assert ", than live by +" in verdict.reason


def test_a_live_model_is_not_asked_for_what_it_has_seen(warehouse: Warehouse) -> None:
    """It would win by heart."""
    verdict = tried(warehouse, live({"c0-0": pack(Relations([("c0-1", 1.0)]))}, CUTOFF - timedelta(hours=1)))
    assert not [figure for figure in verdict.figures if figure.model == "live"]


def test_no_better_than_popularity_stays_out(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbours are taken away from what is trained on the earlier part."""
    monkeypatch.setattr(trial, "RANKING", frozenset(("popularity",)))
    verdict = tried(warehouse, Live({}, {}, nothing))
    assert not verdict.promote
    assert verdict.reason.startswith("no better than popularity")


def test_the_log_is_divided_later_than_most_of_it(warehouse: Warehouse) -> None:
    cut = find_cut(warehouse, CUTOFF, SETTINGS, None)
    assert cut
    assert timedelta(days=20) < cut.at - START < timedelta(days=26)
    late = find_cut(warehouse, CUTOFF, SETTINGS, START + timedelta(days=23))
    assert late
    assert (late.at, late.is_fair_to_live) == (max(cut.at, START + timedelta(days=23)), True)
    assert find_cut(warehouse, START + timedelta(days=1), SETTINGS, None) is None, "too little"


@pytest.mark.parametrize("name", ["met_hours", "met_items", "held_out", "learned_from"])
def test_both_warehouses_say_the_same(warehouse: Warehouse, emulator_environment: Mapping[str, str], name: str) -> None:
    endpoint = emulator_environment["ATTUNE_BIGQUERY_ENDPOINT"]
    bigquery = BigQueryWarehouse(f"test-{uuid4().hex[:12]}", "attune", endpoint, timedelta(seconds=60))
    bigquery.create_dataset()
    create_tables(bigquery)
    write_quarantined(bigquery, {})
    bigquery.append("events", [to_row(encode_event(event)) for event in circles()])
    train(bigquery, (), CUTOFF, SETTINGS)
    values = {**terms(CUTOFF, SETTINGS), "split_ms": to_ms(START + timedelta(days=20)), "judged": 7}
    rows, theirs = (select(each, name, values).to_pylist() for each in (warehouse, bigquery))
    bigquery.close()
    assert len(rows) == len(theirs) > 0
    for ours, other in zip(rows, theirs, strict=True):
        assert {column: ours[column] for column in ours if column != "context"} == {
            column: other[column] for column in ours if column != "context"
        }


def test_who_is_judged_did_not_all_happen_early(warehouse: Warehouse) -> None:
    split = START + timedelta(days=20)
    people, met = read_timelines(warehouse, CUTOFF, SETTINGS, split), read_met(warehouse, split, SETTINGS)
    asked = steps(people, split, met)
    walks = {event.user_id: [] for event in circles()}  # type: ignore[var-annotated]
    for event in circles():
        walks[event.user_id].append(event)
    late = {user_id for user_id, events in walks.items() if events[-1].occurred_at >= split}
    assert {step.person for step in asked} == {f"u:{user_id}" for user_id in late}
    for step in asked:
        event = walks[step.person[2:]][step.before]
        assert (event.item_ids, event.occurred_at) == ((step.target,), step.at)
        assert step.before > 0
        assert step.at > split


def test_with_too_little_to_judge_by_only_a_log_that_shrank_is_refused(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "FEWEST_STEPS", 10_000)
    grown = tried(warehouse, live({}, CUTOFF)._replace(events=1_500))
    assert grown.promote
    assert grown.reason.startswith("10000 held-out steps are needed to judge, there are ")
    shrunk = tried(warehouse, live({}, CUTOFF)._replace(events=1_501))
    assert not shrunk.promote
    assert shrunk.reason.endswith("the log has 1,500 events, the live models learned from 1,501")
