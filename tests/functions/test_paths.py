"""GET /v1/paths: what retrain has learned of visits, for operators, as JSON and as a picture."""

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from infra.local.bridge import to_row
from infra.local.layout import ROOT
from shared import wiring
from shared.events.event import Event, encode_event
from shared.models.artifact import unpack_model
from shared.models.next_steps import next_steps
from shared.models.paths import PathsModel
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from tests.functions.conftest import Serve
from tests.paths_world import CUTOFF, Act, events

URL = "/v1/paths"
ORDER = {"models": ["paths"], "cutoff": CUTOFF.isoformat()}


def shop(people: int, from_day: int = 0) -> Iterable[Event]:
    """Everybody looks at hats or at shoes; who looks into the cart buys every other time."""
    for number in range(people):
        begin = 1_440 * (from_day + number % 10) + number
        what = ("hats", "shoes")[number % 2]
        acts = [Act(begin, "/"), Act(begin + 1, f"/{what}/", "item_view", what)]
        if number % 3 == 0:
            acts += [Act(begin + 3, "/cart", "add_to_cart", what), Act(begin + 4, f"/{what}?again", "item_view", what)]
        if number % 6 == 0:
            acts += [Act(begin + 6, "/cart"), Act(begin + 8, "/thanks", "purchase", what)]
        yield from events(f"{from_day}-{number}", acts)


@pytest.fixture
def warehouse(serve: Serve) -> EmbeddedWarehouse:
    """The warehouse that the functions use, with the shop's log."""
    found = wiring.warehouse(wiring.settings())
    assert isinstance(found, EmbeddedWarehouse)
    found.run((ROOT / "infra/sql/tables.sql").read_text())
    found.append("events", [to_row(encode_event(event)) for event in shop(240)])
    return found


async def get(client: httpx.AsyncClient, query: Mapping[str, str | int] = {}) -> dict[str, Any]:
    answer = await client.get(URL, params=dict(query))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_what_visits_do(serve: Serve, documents: EmbeddedDocuments, warehouse: EmbeddedWarehouse) -> None:
    async with serve("retrain") as client:
        trained = (await client.post("/v1/retrain", json=ORDER)).json()["models"]["paths"]
        told = await get(client)
        after = await get(client, {"from": "/shoes", "limit": 2})
        by_two = await get(client, {"from": "/cart", "previous": "/hats"})
        kinds = await get(client, {"over": "kinds", "limit": 3})
        categories = await get(client, {"over": "categories"})
    assert trained["status"] == "published"
    assert trained["conversion"] == "purchase"
    assert (told["over"], told["version"], told["conversion"]) == ("pages", trained["version"], ["purchase"])
    assert (told["visits"], told["converted"], told["fewest_people"]) == (240, 40, 5)
    assert told["next"][0] == {"state": "/", "probability": pytest.approx(1, abs=0.05), "median_s": None}
    assert {
        "from": "/cart",
        "to": "/hats",
        "moves": 40,
        "people": 40,
        "share": 0.333333,
        "median_s": 60.0,
        "p90_s": 60.0,
    } in [*told["moves"]]
    best = told["paths"][0]
    assert best["states"] == ["(start)", "/", "/hats", "/cart", "/hats", "/cart"]
    assert (best["ended"], best["visits"], best["converted"], best["rate"], best["lift"]) == (40, 40, 40, 1.0, 6.0)
    assert 0.9 < best["low"] < 0.95
    assert best["median_s"] == 8 * 60
    cart = next(state for state in told["states"] if state["state"] == "/cart")
    assert cart["removal"] == 1.0
    assert 0.1 < cart["chance"] < 0.9
    assert (after["from"], len(after["next"]), {move["from"] for move in after["moves"]}) == ("/shoes", 2, {"/shoes"})
    assert len(kinds["moves"]) == 3
    assert {path["states"][-1] for path in categories["paths"]} == {"hats"}
    document = await documents.get("models", f"paths@{told['version']}")
    assert document
    chain = unpack_model(document.fields, PathsModel).facets["pages"]
    assert {each["median_s"] for each in by_two["next"]} == {60.0, 120.0, None}, "of moves that five people made"
    assert [each["state"] for each in by_two["next"]] == [each.state for each in next_steps(chain, "/cart", "/hats")]


async def test_pictures(serve: Serve, warehouse: EmbeddedWarehouse) -> None:
    async with serve("retrain") as client:
        await client.post("/v1/retrain", json=ORDER)
        whole = await client.get(URL, params={"format": "svg"})
        negotiated = await client.get(URL, headers={"accept": "image/svg+xml"})
        data = await client.get(URL, params={"format": "json"}, headers={"accept": "image/svg+xml"})
        after = await client.get(URL, params={"format": "svg", "from": "/cart"})
        card = (await client.get("/v1/models/paths")).json()
    assert whole.headers["content-type"] == "image/svg+xml"
    assert whole.text == negotiated.text
    assert data.json()["over"] == "pages"
    assert "/ → /hats: 120 visits, 50% of those here" in whole.text
    assert "of 1,000 visits at /cart, as expected" in after.text
    assert card["picture"].startswith("<svg ")
    for text in (whole.text, after.text, card["picture"]):
        ElementTree.fromstring(text)  # noqa: S314 (our own)
    assert "| pages, interpolated" in card["markdown"]


async def test_what_there_is_not(serve: Serve, warehouse: EmbeddedWarehouse) -> None:
    async with serve("retrain") as client:
        nothing = await client.get(URL)
        await client.post("/v1/retrain", json=ORDER)
        wrong = {
            "over=rooms": 400,
            "limit=0": 400,
            "limit=many": 400,
            "format=png": 400,
            "colour=red": 400,
            "from=/nowhere": 400,
            "from=/cart&previous=/nowhere": 400,
        }
        found = {query: (await client.get(f"{URL}?{query}")).status_code for query in wrong}
        said = (await client.get(f"{URL}?from=/nowhere")).json()
        post = await client.post(URL)
    assert (nothing.status_code, nothing.json()["problems"][0]["found"]) == (404, "none; train the model paths first")
    assert found == wrong
    assert "/cart" in said["problems"][0]["expected"]
    assert (post.status_code, post.headers["allow"]) == (405, "GET")


async def test_paths_are_for_operators(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_OPERATOR_KEYS", "secret")
    wiring.settings.cache_clear()
    async with serve("retrain") as client:
        assert (await client.get(URL)).status_code == 401
        assert (await client.get(URL, headers={"authorization": "Bearer secret"})).status_code == 404


async def test_chains_that_foretell_worse_than_popularity_wait(serve: Serve, warehouse: EmbeddedWarehouse) -> None:
    """Whatever was learned of where people go is turned round: they now come from where they used to go."""
    warehouse.run("DELETE FROM events WHERE TRUE")
    there = [
        e for n in range(160) for e in events(f"a{n}", [Act(60 * n + place, f"/{x}") for place, x in enumerate("abcd")])
    ]
    back = [
        e for n in range(40) for e in events(f"b{n}", [Act(60 * (160 + n) + p, f"/{x}") for p, x in enumerate("dcba")])
    ]
    warehouse.append("events", [to_row(encode_event(event)) for event in (*there, *back)])
    async with serve("retrain") as client:
        told = (await client.post("/v1/retrain", json=ORDER)).json()["models"]["paths"]
        assert (await client.get(URL)).status_code == 404
    assert told["status"] == "rejected"
    assert told["reason"].startswith("pages: no better than popularity, log-likelihood -")


async def test_chains_are_held_to_the_live_ones(serve: Serve, warehouse: EmbeddedWarehouse) -> None:
    async with serve("retrain") as client:
        first = (await client.post("/v1/retrain", json={"models": ["paths"], "cutoff": "2026-01-11T00:00:00Z"})).json()
        warehouse.append("events", [to_row(encode_event(event)) for event in shop(90, from_day=10)])
        second = (await client.post("/v1/retrain", json=ORDER)).json()["models"]["paths"]
    assert first["models"]["paths"]["status"] == "published"
    assert second["status"] == "published"
    assert second["chains"]["pages"]["visits"] == 330


@pytest.mark.parametrize("people", [0, 1, 29])
async def test_too_few_visits(serve: Serve, warehouse: EmbeddedWarehouse, people: int) -> None:
    warehouse.run("DELETE FROM events WHERE TRUE")
    if people:
        warehouse.append("events", [to_row(encode_event(event)) for event in shop(people)])
    async with serve("retrain") as client:
        told = (await client.post("/v1/retrain", json=ORDER)).json()["models"]["paths"]
    assert told["reason"] == f"paths need 30 visits that have ended; there are {people}"
