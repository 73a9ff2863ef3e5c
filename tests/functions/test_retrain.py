"""retrain over HTTP, on the embedded stores."""

import asyncio
import random
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Signal
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from infra.local.bridge import to_row
from infra.local.layout import ROOT
from shared import wiring
from shared.decision import Decision, Shown, encode_decision
from shared.errors import OverQuotaError, RetryableError
from shared.events.event import Event, encode_event
from shared.models.artifact import M, unpack_model
from shared.models.exploration import ExplorationModel
from shared.models.items import unpack_item
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.profiles.quarantined import enlist
from shared.profiles.standing import Quarantine, Standing, encode_standing
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from tests.functions.conftest import Serve
from training import personas, popularity, run, versions
from training.card import Verdict
from training.lease import acquire

URL = "/v1/retrain"
START = datetime(2026, 1, 1, tzinfo=UTC)
CUTOFF = "2026-02-01T00:00:00Z"


def shop(people: int) -> Iterable[Event]:
    """Some look, some buy, some have not come back; who likes an item of a category likes its others too."""
    draw = random.Random(1)
    for person in range(people):
        group, taste = person % 3, draw.randrange(4)
        day = 2 if group == 2 else 25
        for act in range(draw.randrange(3, 12) if group else 2):
            yield Event(
                event_id=f"{person}-{act}",
                kind="add_to_cart" if group == 1 and act % 2 else "item_view",
                occurred_at=START + timedelta(days=day, minutes=3 * act + draw.random()),
                user_id=f"u{person}",
                item_ids=(f"item{4 * draw.randrange(5) + taste}",),
                category=f"category{taste}",
            )


@pytest.fixture
def warehouse(serve: Serve) -> EmbeddedWarehouse:
    """The warehouse that the functions use, with empty tables."""
    found = wiring.warehouse(wiring.settings())
    assert isinstance(found, EmbeddedWarehouse)
    found.run((ROOT / "infra/sql/tables.sql").read_text())
    return found


def fill(warehouse: EmbeddedWarehouse, people: int = 90) -> None:
    warehouse.append("events", [to_row(encode_event(event)) for event in shop(people)])


def show(warehouse: EmbeddedWarehouse, people: int = 30) -> None:
    """Recommendations of which it is known that they were seen, and that every third person met the first item."""
    decisions, events = [], []
    liked = {event.user_id: event.item_ids[0] for event in shop(people)}
    for person in range(people):
        at = START + timedelta(days=26, minutes=person)
        ids = list(dict.fromkeys((liked[f"u{person}"], "item1", "item2", "item3")))[:3]
        items = tuple(
            Shown(item_id=item_id, place=place, score=1.0, source="next", reason="", probability=1.0)
            for place, item_id in enumerate(ids, start=1)
        )
        decided = Decision(
            decision_id=f"d{person}",
            decided_at=at,
            user_id=f"u{person}",
            persona="newcomer",
            context="home",
            strategy="blend",
            n=3,
            items=items,
            degraded=False,
        )
        decisions.append(to_row(encode_decision(decided)))
        for kind, some in (("impression", ids), ("click", ids[:1])):
            if kind == "impression" or person % 3 == 0:
                events.append(
                    Event(
                        event_id=f"{person}-{kind}",
                        kind=kind,  # type: ignore[arg-type]
                        occurred_at=at + timedelta(seconds=5),
                        user_id=f"u{person}",
                        item_ids=tuple(some),
                        decision_id=f"d{person}",
                    )
                )
    warehouse.append("decisions", decisions)
    warehouse.append("events", [to_row(encode_event(event)) for event in events])


async def live(documents: EmbeddedDocuments) -> dict[str, Any]:
    pointer = await documents.get("models", "current")
    return dict(pointer.fields) if pointer else {}


async def published(documents: EmbeddedDocuments, name: str, models: dict[str, Any], kind: type[M]) -> M:
    document = await documents.get("models", f"{name}@{models[name]['version']}")
    assert document
    return unpack_model(document.fields, kind)


async def test_all_models_are_trained_and_live(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse
) -> None:
    fill(warehouse)
    show(warehouse)
    await documents.merge("items", {"item0": {"hidden": True, "name": "Hat", "category": "hats"}})
    async with serve("retrain") as client:
        answer = await client.post(URL, json={"cutoff": CUTOFF})
    assert answer.status_code == 200, answer.text
    models = answer.json()["models"]
    assert answer.json()["cutoff"] == CUTOFF
    propensities = {name: models.pop(name)["status"] for name in ("conversion", "churn")}
    assert set(propensities.values()) == {"refused"}, "a month is too little for them"
    assert {name: told["status"] for name, told in models.items()} == dict.fromkeys(models, "published")
    told = {name: each["version"] for name, each in models.items()}
    assert await live(documents) == {**told, "slot": "b"}
    assert sum(models["personas"]["personas"].values()) == models["personas"]["people"] == 90

    clustered = await published(documents, "personas", models, PersonaModel)
    assert clustered.names == list(models["personas"]["personas"])
    popular = await published(documents, "popularity", models, PopularityModel)
    assert popular.items[0][1] == 1.0
    tried = await published(documents, "exploration", models, ExplorationModel)
    assert (models["exploration"]["shown"], models["exploration"]["met"]) == (90, 10)
    assert tried.contexts == {"home": tried.other}
    assert {item_id for item_id, _ in tried.other.items} == {f"item{n}" for n in range(20)}
    hat = await documents.get("items", "item0")
    assert hat
    item = unpack_item("item0", hat.fields, "b")
    assert (item.hidden, item.name, item.category) == (True, "Hat", "hats")
    assert item.neighbours
    assert {int(other[4:]) % 4 for other in item.neighbours} == {0}


async def test_one_model_alone(serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse) -> None:
    fill(warehouse)
    await documents.merge("models", {"current": {"personas": "old"}})
    async with serve("retrain") as client:
        answer = await client.post(URL, json={"models": ["popularity", "popularity"], "cutoff": CUTOFF})
    assert list(answer.json()["models"]) == ["popularity"]
    assert (await live(documents)).keys() == {"personas", "popularity"}
    assert (await live(documents))["personas"] == "old"


@pytest.mark.parametrize("people", [0, 1, 3])
async def test_too_little_is_refused_with_the_reason(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse, people: int
) -> None:
    fill(warehouse, people)
    await documents.merge("models", {"current": {"personas": "old", "neighbours": "old"}})
    async with serve("retrain") as client:
        answer = await client.post(URL)
    assert answer.status_code == 200
    personas = answer.json()["models"]["personas"]
    assert personas["status"] == "refused"
    assert f"there are {people}" in personas["reason"]
    assert (await live(documents))["personas"] == "old"


@pytest.mark.filterwarnings("error")
async def test_people_who_are_all_alike_make_no_personas(serve: Serve, warehouse: EmbeddedWarehouse) -> None:
    alike = [
        Event(event_id=f"e{n}", kind="item_view", occurred_at=START, user_id=f"u{n}", item_ids=(f"i{n}",))
        for n in range(40)
    ]
    warehouse.append("events", [to_row(encode_event(event)) for event in alike])
    async with serve("retrain") as client:
        models = (await client.post(URL, json={"cutoff": CUTOFF})).json()["models"]
    assert models["personas"]["reason"] == "all 40 people are alike"
    assert models["neighbours"]["reason"] == "no two of 40 items have interested the same person"
    assert models["popularity"]["status"] == "published"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"{", [""]),
        (b"[]", [""]),
        (b"\xff", [""]),
        (b'{"models": []}', ["models"]),
        (b'{"models": ["magic"], "cutoff": "yesterday"}', ["models", "cutoff"]),
        (b'{"models": "personas"}', ["models"]),
        (b'{"cutoff": "2026-01-01T00:00:00"}', ["cutoff"]),
        (b'{"cutoff": 1e400}', ["cutoff"]),
        (b'{"cutoff": "0001-01-01T00:00:00+23:59"}', ["cutoff"]),
        (b'{"cutoff": "\xff"}', ["cutoff"]),
        (b'{"speed": 3, "cutoff": null}', ["speed", "cutoff"]),
        (b"[" * 9_000, [""]),
    ],
)
async def test_a_bad_order_is_told_what_is_wrong(serve: Serve, body: bytes, fields: list[str]) -> None:
    async with serve("retrain") as client:
        answer = await client.post(URL, content=body)
    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.json()["problems"]] == fields
    assert all(problem["expected"] and problem["found"] for problem in answer.json()["problems"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", URL, 405), ("PUT", URL, 405), ("POST", "/v1/retain", 404), ("GET", "/healthz", 200)],
)
async def test_other_requests(serve: Serve, method: str, path: str, status: int) -> None:
    async with serve("retrain") as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert status != 405 or answer.headers["allow"] == "POST"


async def test_a_large_body_is_refused(serve: Serve) -> None:
    async with serve("retrain") as client:
        assert (await client.post(URL, content=b" " * 100_000)).status_code == 413


async def test_one_training_at_a_time(serve: Serve, warehouse: EmbeddedWarehouse) -> None:
    fill(warehouse)
    async with serve("retrain") as client:
        answers = await asyncio.gather(*(client.post(URL, json={"cutoff": CUTOFF}) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        assert (await client.post(URL, json={"cutoff": CUTOFF})).status_code == 200


@pytest.mark.parametrize(("error", "status"), [(RetryableError("away"), 503), (OverQuotaError("slower"), 429)])
async def test_a_store_that_is_away_leaves_the_live_models(
    serve: Serve,
    documents: EmbeddedDocuments,
    warehouse: EmbeddedWarehouse,
    monkeypatch: pytest.MonkeyPatch,
    error: RetryableError,
    status: int,
) -> None:
    fill(warehouse)

    async def away(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(documents, "merge", away)
        async with serve("retrain") as client:
            answer = await client.post(URL, json={"cutoff": CUTOFF})
    assert answer.status_code == status
    assert answer.headers["retry-after"]
    assert await live(documents) == {}


async def test_the_warehouse_is_away(serve: Serve, documents: EmbeddedDocuments, tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").mkdir()
    async with serve("retrain") as client:
        answer = await client.post(URL)
    assert answer.status_code == 503
    assert await live(documents) == {}


async def test_who_is_in_quarantine_is_learned_from_by_no_model(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse
) -> None:
    fill(warehouse)
    async with serve("retrain") as client:
        before = (await client.post(URL, json={"cutoff": CUTOFF})).json()
    assert before["left_out"] == {"people": 0, "one_hit_crawlers": 0, "look_like_rotation": []}
    bot = [
        Event(event_id=f"bot-{n}", kind="item_view", occurred_at=START, user_id="bot", item_ids=(f"item{n % 20}",))
        for n in range(400)
    ]
    warehouse.append("events", [to_row(encode_event(event)) for event in bot])
    standing = Standing(quarantine=Quarantine(0, 3, [], "score"))
    await enlist(documents, "u:bot", START)
    await enlist(documents, "u:released", START)
    for person, what in (("u:bot", standing), ("u:u1", standing), ("u:released", Standing())):
        await documents.merge("profiles", {person: {"standing": encode_standing(what)}})
    async with serve("retrain") as client:
        after = (await client.post(URL, json={"cutoff": CUTOFF})).json()
    assert after["left_out"]["people"] == 1, "who is not on the list is not looked for, who was released counts"
    found = [
        {name: each["version"] for name, each in told["models"].items() if "version" in each}
        for told in (before, after)
    ]
    assert found[0] == found[1], "a version names the content's checksum"

    assert warehouse.query("SELECT person FROM quarantined").num_rows == 0, "ids would outlive an erasure"

    await documents.delete("quarantine", ["u:bot"])
    async with serve("retrain") as client:
        fooled = (await client.post(URL, json={"cutoff": CUTOFF})).json()
    assert all(fooled["models"][name]["version"] != version for name, version in found[0].items())


async def cards(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/v1/models")).json()["models"]
    return found


def card_of(found: list[dict[str, Any]], version: str) -> dict[str, Any]:
    [card] = [card for card in found if card["version"] == version]
    return card


def extra(day: int) -> list[dict[str, object]]:
    """What a new person does at the end of a day: another log, another version."""
    events = [
        Event(
            event_id=f"extra-{day}-{number}",
            kind="item_view",
            occurred_at=START + timedelta(days=day, minutes=number),
            user_id=f"late{day}",
            item_ids=(f"item{4 * number}",),
            category="category0",
        )
        for number in range(5)
    ]
    return [to_row(encode_event(event)) for event in events]


async def test_every_version_has_a_card(serve: Serve, warehouse: EmbeddedWarehouse) -> None:
    fill(warehouse, 150)
    async with serve("retrain") as client:
        told = (await client.post(URL, json={"cutoff": CUTOFF})).json()["models"]
        found = await cards(client)
        shown = (await client.get("/v1/models/personas")).json()
        same = (await client.get(f"/v1/models/personas@{told['personas']['version']}")).json()
    assert {card["name"] for card in found} == set(told)
    personas = card_of(found, told["personas"]["version"])
    assert (personas["status"], personas["reason"]) == ("live", "the first of its name")
    assert personas["people"] == 150
    assert personas["events"] == len(list(shop(150)))
    assert personas["since"] < personas["cutoff"] == CUTOFF
    assert re.fullmatch("[0-9a-f]{12}", personas["code"])
    assert personas["parameters"]["personas"] == 5
    assert "adjusted_rand_index" in {figure["metric"] for figure in personas["figures"]}
    assert personas["facts"]["centroids"].keys() == told["personas"]["personas"].keys()
    assert shown == same
    assert shown["card"] == personas
    assert "| adjusted_rand_index " in shown["markdown"]
    assert re.search(r"^## Centroids\n\n\| +\| avg_session_s \|", shown["markdown"], re.MULTILINE)
    assert len({len(line) for line in shown["markdown"].partition("## Centroids")[2].splitlines() if line}) == 1
    assert shown["picture"].startswith("<svg ")
    ElementTree.fromstring(shown["picture"])  # noqa: S314 (our own)
    neighbours = card_of(found, told["neighbours"]["version"])
    assert neighbours["reason"].startswith("better than popularity by NDCG@10")
    conversion = next(card for card in found if card["name"] == "conversion")
    assert (conversion["status"], conversion["fitted"], conversion["kept"]) == ("rejected", False, False)


async def test_back_to_what_was_live_and_forth(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse
) -> None:
    fill(warehouse)
    order = {"models": ["neighbours", "popularity"], "force": True}
    async with serve("retrain") as client:
        first = (await client.post(URL, json={**order, "cutoff": CUTOFF})).json()["models"]
        warehouse.append("events", extra(29))
        second = (await client.post(URL, json={**order, "cutoff": CUTOFF})).json()["models"]
        old, new = (told["neighbours"]["version"] for told in (first, second))
        assert old != new
        assert {name: card["status"] for name, card in second.items()} == dict.fromkeys(second, "published")
        assert (await live(documents))["slot"] == "a"
        assert card_of(await cards(client), new)["replaced"] == old

        writes = documents.counts["writes"]
        back = await client.post("/v1/models/rollback", json={"model": "neighbours"})
        assert back.json() == {"model": "neighbours", "live": old, "before": new}
        assert documents.counts["writes"] - writes < 8, "no item is written"
        assert await live(documents) == {
            "neighbours": old,
            "popularity": second["popularity"]["version"],
            "slot": "b",
        }
        found = await cards(client)
        assert card_of(found, new)["status"] == "rolled back"
        assert card_of(found, old)["status"] == "live"
        assert (await client.post("/v1/models/rollback", json={"model": "neighbours"})).status_code == 400

        forth = await client.post("/v1/models/promote", json={"model": f"neighbours@{new}"})
        assert forth.status_code == 200
        assert (await live(documents))["neighbours"] == new
        again = await client.post("/v1/models/promote", json={"model": f"neighbours@{new}"})
        assert again.json()["error"] == "already live"
        warehouse.append("events", extra(30))
        await client.post(URL, json={**order, "cutoff": CUTOFF})
        gone = await client.post("/v1/models/promote", json={"model": f"neighbours@{old}"})
        assert gone.json()["error"] == "its data are gone; train again"


async def test_nothing_new_is_not_published_again(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse
) -> None:
    fill(warehouse)
    order = {"models": ["neighbours", "popularity", "personas"], "cutoff": CUTOFF}
    async with serve("retrain") as client:
        await client.post(URL, json=order)
        before = await live(documents)
        told = (await client.post(URL, json=order)).json()["models"]
        assert {card["status"] for card in await cards(client)} == {"live"}
    assert {each["status"] for each in told.values()} == {"unchanged"}
    assert await live(documents) == before


async def test_a_crash_costs_one_model_and_is_recorded(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(warehouse)
    await documents.merge("models", {"current": {"personas": "old"}})

    def crash(*_: object, **__: object) -> None:
        raise FloatingPointError("NaN")

    monkeypatch.setattr(personas, "cluster", crash)
    async with serve("retrain") as client:
        told = (await client.post(URL, json={"models": ["personas", "popularity"], "cutoff": CUTOFF})).json()["models"]
        [card] = [card for card in await cards(client) if card["name"] == "personas"]
    assert told["personas"]["status"] == "refused"
    assert (card["status"], card["reason"]) == ("rejected", "it crashed: FloatingPointError: NaN")
    assert told["popularity"]["status"] == "published"
    assert (await live(documents))["personas"] == "old"


async def test_a_training_that_takes_too_long_makes_nothing_live(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(warehouse)
    monkeypatch.setenv("ATTUNE_TRAIN_MINUTES", "0.005")
    wiring.settings.cache_clear()
    end = Signal()

    def slow(*_: object, **__: object) -> None:
        end.wait(60)

    monkeypatch.setattr(popularity, "read_model", slow)
    async with serve("retrain") as client:
        order = {"models": ["popularity", "personas"], "cutoff": CUTOFF}
        told = (await client.post(URL, json=order)).json()["models"]
        assert told["popularity"]["reason"] == "it took longer than 0.005 minutes"
        assert {card["status"] for card in await cards(client)} == {"rejected"}
        assert (await client.post(URL, json=order)).status_code == 409, "its thread has not ended"
        end.set()
        while await documents.get("leases", "retrain"):  # noqa: ASYNC110 (a document)
            await asyncio.sleep(0.05)
    assert await live(documents) == {}


async def test_a_fit_that_never_returns_keeps_nobody_out(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(warehouse)
    monkeypatch.setenv("ATTUNE_TRAIN_MINUTES", "0.005")
    wiring.settings.cache_clear()

    def forever(*_: object, **__: object) -> None:
        while True:
            with suppress(Exception):
                time.sleep(0.001)

    order = {"models": ["popularity"], "cutoff": CUTOFF}
    async with serve("retrain") as client:
        with monkeypatch.context() as patched:
            patched.setattr(popularity, "read_model", forever)
            told = (await client.post(URL, json=order)).json()["models"]
            assert told["popularity"]["reason"] == "it took longer than 0.005 minutes"
            while await documents.get("leases", "retrain"):  # noqa: ASYNC110 (a document)
                await asyncio.sleep(0.05)
        assert warehouse.query("SELECT person FROM quarantined").num_rows == 0
        monkeypatch.setenv("ATTUNE_TRAIN_MINUTES", "5")
        wiring.settings.cache_clear()
        again = (await client.post(URL, json=order)).json()["models"]
    assert again["popularity"]["status"] == "published"


async def test_a_model_with_a_number_that_is_none_does_not_go_live(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(warehouse)
    await documents.merge("models", {"current": {"popularity": "old"}})
    bad = PopularityModel("", [("item0", 1.0), ("item1", float("nan"))], {})
    monkeypatch.setattr(popularity, "read_model", lambda *_, **__: bad)
    async with serve("retrain") as client:
        told = (await client.post(URL, json={"models": ["popularity"], "cutoff": CUTOFF})).json()["models"]
        [card] = await cards(client)
    assert told["popularity"]["status"] == "refused"
    assert (card["status"], card["reason"]) == (
        "rejected",
        "it crashed: FloatingPointError: items holds what is not a number",
    )
    assert await live(documents) == {"popularity": "old"}


async def test_an_instance_that_was_killed_is_told_of_by_the_next(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse
) -> None:
    fill(warehouse)
    await acquire(documents, lambda: datetime.now(UTC) - timedelta(hours=1), ["personas"], START)
    async with serve("retrain") as client:
        await client.post(URL, json={"models": ["popularity"], "cutoff": CUTOFF})
        [card] = [card for card in await cards(client) if card["name"] == "personas"]
    assert card["status"] == "rejected"
    assert card["reason"].startswith("its instance was lost")


async def test_data_of_old_versions_go_and_their_cards_stay(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "KEPT", 2)
    fill(warehouse)
    seen = []
    async with serve("retrain") as client:
        for day in range(10, 14):
            warehouse.append("events", extra(day))
            told = await client.post(URL, json={"models": ["popularity"], "cutoff": CUTOFF, "force": True})
            seen.append(told.json()["models"]["popularity"]["version"])
        kept = {version: card_of(await cards(client), version)["kept"] for version in seen}
        gone = await client.post("/v1/models/promote", json={"model": f"popularity@{seen[0]}"})
    assert kept == dict(zip(seen, (False, False, True, True), strict=True))
    stored = await documents.get_many("models", [f"popularity@{version}" for version in seen])
    assert set(stored) == {f"popularity@{version}" for version in seen[2:]}
    assert gone.status_code == 400


async def test_models_are_for_operators(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_OPERATOR_KEYS", "secret")
    wiring.settings.cache_clear()
    async with serve("retrain") as client:
        for method, path in (("GET", ""), ("GET", "/personas"), ("POST", "/promote"), ("POST", "/rollback")):
            assert (await client.request(method, f"/v1/models{path}", json={"model": "a"})).status_code == 401
        known = {"authorization": "Bearer secret"}
        assert (await client.get("/v1/models", headers=known)).json() == {"models": []}
        for path, body in (("/promote", b"{"), ("/promote", b"{}"), ("/rollback", b'{"model": "personas"}')):
            answer = await client.post(f"/v1/models{path}", content=body, headers=known)
            assert answer.status_code == 400
        assert (await client.get("/v1/models/personas@x", headers=known)).status_code == 400
        assert (await client.get("/v1/models/slot", headers=known)).status_code == 400
        assert (await client.get("/v1/models/promote", headers=known)).headers["allow"] == "POST"
        assert (await client.delete("/v1/models", headers=known)).headers["allow"] == "GET"


async def test_where_nothing_is_live_popularity_goes_live_alone(
    serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(warehouse)
    monkeypatch.setattr(run, "try_ranking", lambda *_: Verdict(False, "no better than popularity"))
    order = {"models": ["neighbours", "popularity"], "cutoff": CUTOFF}
    async with serve("retrain") as client:
        first = (await client.post(URL, json=order)).json()["models"]
        assert [first[name]["status"] for name in order["models"]] == ["rejected", "published"]
        assert await live(documents) == {"popularity": first["popularity"]["version"]}
        warehouse.append("events", extra(29))
        second = (await client.post(URL, json=order)).json()["models"]
        assert [second[name]["status"] for name in order["models"]] == ["rejected", "rejected"]
        assert await live(documents) == {"popularity": first["popularity"]["version"]}
        rejected = second["popularity"]["version"]
        assert (await client.post("/v1/models/promote", json={"model": f"popularity@{rejected}"})).status_code == 200
        assert await live(documents) == {"popularity": rejected}
