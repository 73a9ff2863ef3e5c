"""recommend's other routes and wishes: as JSON, for many, for pages with tokens, under rules, and why not."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from shared import wiring
from shared.errors import RetryableError
from shared.events.event import Event
from shared.models.artifact import pack_model
from shared.models.catalogue import Catalogue
from shared.models.popularity import SHELF, PopularityModel
from shared.models.registry import Registry
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import encode_profile, new_profile
from shared.profiles.record import STATE
from shared.ranking.recommend import Recommender
from shared.ranking.request import Wish
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.ports import Document, Fields
from tests.functions.conftest import Serve
from tests.functions.test_recommend import POPULARITY, publish
from tests.privacy import SECRET
from tests.unit.test_iam import CMS, passed_on

URL = "/v1/recommendations"
SECRETS = f"{SECRET}-signs-the-tokens-of-pages"
KEY = {"authorization": f"Bearer {SECRET}-api"}
OPERATOR = {"authorization": f"Bearer {SECRET}-op"}
RULES = b"""rules:
- name: no i3
  items: {item_id: i3}
  exclude: true
- name: i7 first
  items: {item_id: i7}
  pin: 1
"""


@pytest.fixture
async def client(serve: Serve, documents: EmbeddedDocuments) -> AsyncIterator[httpx.AsyncClient]:
    await publish(documents)
    for n in range(12):
        facts: Fields = {"brand": "ab"[n % 2], "price": float(n), "tags": ["even"] if n % 2 == 0 else []}
        await documents.merge("items", {f"i{n}": facts})
    await documents.merge("items", {"i11": {"availability": "out_of_stock"}})
    async with serve("recommend") as opened:
        yield opened


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site with keys and secrets."""
    monkeypatch.setenv("ATTUNE_API_KEYS", f"{SECRET}-api")
    monkeypatch.setenv("ATTUNE_OPERATOR_KEYS", f"{SECRET}-op")
    monkeypatch.setenv("ATTUNE_TOKEN_SECRETS", SECRETS)
    monkeypatch.setenv("ATTUNE_TOKEN_QUOTA", "7")


async def ask(client: httpx.AsyncClient, **wish: object) -> dict[str, Any]:
    answer = await client.post(URL, json={"user_id": "ann", **wish})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(answer: Mapping[str, Any]) -> list[str]:
    return [item["item_id"] for item in answer["items"]]


async def act(documents: EmbeddedDocuments, *acts: tuple[str, str], person: str = "u:ann") -> None:
    """Write the profile of somebody who has just done this."""
    profile, now = new_profile(Settings().half_life), datetime.now(UTC)
    events = [
        Event(
            event_id=f"e{number}",
            kind=kind,  # type: ignore[arg-type]
            occurred_at=now - timedelta(minutes=20 - number),
            user_id="ann",
            item_ids=(item,),
            dwell_s=2.0 if kind == "item_view" else None,
        )
        for number, (kind, item) in enumerate(acts)
    ]
    fold(profile, events, read_terms(Settings()))
    await documents.merge("profiles", {person: {STATE: encode_profile(profile)}})


async def test_query_and_json_ask_the_same(client: httpx.AsyncClient) -> None:
    wish = {"user_id": "ann", "n": "4", "exclude_ids": "i0,i1", "brand": "a", "max_price": "8", "context": "cart"}
    by_query = (await client.get(URL, params=wish)).json()
    by_json = await ask(client, n=4, exclude_ids=["i0", "i1"], filter={"brand": ["a"], "max_price": 8}, context="cart")
    assert ids(by_query) == ids(by_json) == ["i2", "i4", "i6", "i8"]


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ({"tag": ["even"]}, {"i0", "i2", "i4", "i6", "i8", "i10"}),
        ({"brand": ["b"]}, {"i1", "i3", "i5", "i7", "i9"}),
        ({"min_price": 8}, {"i8", "i9", "i10"}),
        ({"category": ["hats"]}, set()),
        ({"availability": ["in_stock"]}, set()),
    ],
)
async def test_filters_narrow(client: httpx.AsyncClient, wanted: dict[str, object], shown: set[str]) -> None:
    assert set(ids(await ask(client, n=12, filter=wanted))) == shown


@pytest.fixture
async def hats(documents: EmbeddedDocuments) -> list[str]:
    """More items than are looked at of a category that somebody likes, none of them popular over all."""
    names = [f"h{number:02}" for number in range(SHELF + 20)]
    shelf = [(name, 1.0 / number) for number, name in enumerate(names, start=1)]
    version, fields = pack_model("popularity", "p2", replace(POPULARITY, version="p2", categories={"hats": shelf}))
    await documents.merge("models", {version: fields, "current": {"popularity": "p2"}})
    await documents.merge("items", {name: {"item_id": name, "category": "hats"} for name in names})
    return names


@pytest.mark.parametrize("wish", [{}, {"strategy": "popularity"}, {"strategy": "category"}], ids=str)
async def test_a_category_that_is_asked_for_is_shown(
    client: httpx.AsyncClient, documents: EmbeddedDocuments, hats: list[str], wish: dict[str, object]
) -> None:
    """Also to somebody who has only met others, down to the last item that is known of it."""
    await act(documents, ("item_view", "i6"), ("item_view", "i7"))
    answer = await ask(client, n=100, filter={"category": ["hats"]}, **wish)
    assert ids(answer) == hats
    assert {item["reason"] for item in answer["items"]} == {"popular in hats"}


async def test_whoever_is_held_out_sees_what_is_popular_in_a_category(
    serve: Serve, documents: EmbeddedDocuments, hats: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTUNE_HOLDOUT", "0.5")
    wiring.settings.cache_clear()
    async with serve("recommend") as client:
        answer = await ask(client, user_id="bob", n=5, filter={"category": ["hats", "gloves"]})
    assert (answer["arm"], ids(answer)) == ("holdout", hats[:5])


async def test_a_long_answer_has_all_that_is_known_of_a_category_somebody_likes(
    client: httpx.AsyncClient, documents: EmbeddedDocuments, hats: list[str]
) -> None:
    await act(documents, ("click", hats[0]))
    assert ids(await ask(client, n=100, strategy="category")) == hats[1:]


async def test_another_source_alone_knows_nothing_of_a_category(client: httpx.AsyncClient, hats: list[str]) -> None:
    assert ids(await ask(client, strategy="neighbours", filter={"category": ["hats"]})) == []


@pytest.mark.parametrize("kind", ["purchase", "dismiss", "add_to_cart", "item_view"])
async def test_what_somebody_has_done_with_an_item_keeps_it_away(
    client: httpx.AsyncClient, documents: EmbeddedDocuments, kind: str
) -> None:
    await act(documents, (kind, "i5"), ("item_view", "i6"))
    assert "i5" not in ids(await ask(client, n=12))


async def test_what_is_looked_at_leads_and_is_not_shown(client: httpx.AsyncClient) -> None:
    answer = await ask(client, n=3, item_ids=["i4"])
    assert set(ids(answer)) & {"i5", "i6", "i7"}
    assert "i4" not in ids(answer)
    assert "because you viewed Item i4" in {item["reason"] for item in answer["items"]}


async def test_whoever_is_held_out_gets_what_is_popular(
    serve: Serve, documents: EmbeddedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(documents)
    await act(documents, ("click", "i5"), ("click", "i6"))
    for user_id in ("ann", "bob"):
        await documents.merge("profiles", {f"u:{user_id}": (await documents.get("profiles", "u:ann")).fields})  # type: ignore[union-attr]
    monkeypatch.setenv("ATTUNE_HOLDOUT", "0.5")
    wiring.settings.cache_clear()
    async with serve("recommend") as client:
        ann, bob = [await ask(client, user_id=user_id, n=5) for user_id in ("ann", "bob")]
    assert (ann["arm"], bob["arm"]) == ("personal", "holdout")
    assert {item["source"] for item in bob["items"]} == {"popularity"}
    assert "neighbours" in {item["source"] for item in ann["items"]}
    assert ids(ann) != ids(bob)


async def test_slots_share_no_item(client: httpx.AsyncClient) -> None:
    answer = await ask(client, slots=[{"name": "top", "n": 2}, {"name": "side", "n": 3}])
    assert [(slot["name"], len(slot["items"])) for slot in answer["slots"]] == [("top", 2), ("side", 3)]
    assert [item for slot in answer["slots"] for item in slot["items"]] == answer["items"]
    assert len(set(ids(answer))) == 5


async def test_one_source_alone(client: httpx.AsyncClient) -> None:
    assert {item["source"] for item in (await ask(client, strategy="popularity"))["items"]} == {"popularity"}


async def test_many_people_at_once(client: httpx.AsyncClient, documents: EmbeddedDocuments) -> None:
    await act(documents, ("purchase", "i0"))
    people = [{"user_id": "ann"}, {"anonymous_id": "dev"}]
    found = (await client.post(f"{URL}/batch", json={"people": people, "n": 3})).json()["people"]
    assert [(one["user_id"], one["anonymous_id"]) for one in found] == [("ann", None), (None, "dev")]
    assert "i0" not in ids(found[0])
    assert "i0" in ids(found[1])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"people": []}, "people"),
        ({"people": [{"user_id": "x"}] * 101}, "people"),
        ({"people": [{}]}, "user_id"),
    ],
)
async def test_a_bad_batch_is_named(client: httpx.AsyncClient, body: object, field: str) -> None:
    answer = await client.post(f"{URL}/batch", json=body)
    assert (answer.status_code, answer.json()["problems"][0]["field"]) == (400, field)


@pytest.mark.parametrize(
    ("item", "acts", "wish", "stage", "told"),
    [
        ("i5", [("purchase", "i5")], {}, "exclude", "bought"),
        ("i5", [("dismiss", "i5")], {}, "exclude", "dismissed"),
        ("i5", [("add_to_cart", "i5")], {}, "exclude", "in the cart"),
        ("i5", [], {"exclude_ids": "i5"}, "exclude", "the request excludes it"),
        ("i5", [], {"item_ids": "i5"}, "exclude", "it is the item being looked at"),
        ("i11", [], {}, "catalogue", "out of stock"),
        ("i5", [], {"brand": "a"}, "catalogue", "its brand is not asked for"),
        ("i5", [], {"max_price": "2"}, "catalogue", "its price is not asked for"),
        ("nowhere", [], {}, "candidates", ""),
        ("i10", [], {"n": "2"}, "pool", ""),
    ],
)
async def test_why_not(
    client: httpx.AsyncClient,
    documents: EmbeddedDocuments,
    item: str,
    acts: Sequence[tuple[str, str]],
    wish: dict[str, str],
    stage: str,
    told: str,
) -> None:
    await act(documents, *acts)
    found = (await client.get(f"{URL}/why", params={"user_id": "ann", "item_id": item, **wish})).json()
    assert (found["shown"], found["fell_out_at"]) == (False, stage)
    assert next(one for one in found["stages"] if one["stage"] == stage).get("reason", "") == told
    shown = ids((await client.get(URL, params={"user_id": "ann", **wish})).json())
    assert item not in shown


async def test_why_agrees_with_what_is_shown(client: httpx.AsyncClient, documents: EmbeddedDocuments) -> None:
    await act(documents, ("item_view", "i1"), ("purchase", "i2"))
    shown = ids(await ask(client, n=4))
    for item in (f"i{number}" for number in range(12)):
        found = (await client.get(f"{URL}/why", params={"user_id": "ann", "item_id": item, "n": "4"})).json()
        assert found["shown"] is (item in shown), item
        assert (found["fell_out_at"] is None) is (item in shown)


async def test_rules_are_taken_up_and_bad_ones_leave_the_old(client: httpx.AsyncClient) -> None:
    plain = ids(await ask(client, n=5))
    told = (
        await client.post("/v1/rules/preview", json={"rules": RULES.decode(), "people": [{"user_id": "ann"}], "n": 5})
    ).json()
    assert told["people"][0]["before"] == plain
    assert told["people"][0]["after"][0] == "i7"
    assert told["people"][0]["rules"] == ["i7 first", "no i3"]
    assert ids(await ask(client, n=5)) == plain
    stored = await client.put("/v1/rules", content=RULES)
    assert stored.json()["rules"] == 2
    bad = await client.put("/v1/rules", content=RULES.replace(b"pin: 1", b"pin: 0"))
    assert (bad.status_code, bad.json()["problems"][0]["field"]) == (400, "line 7, rules[1].pin")
    shown = (await client.get("/v1/rules")).json()
    assert (shown["version"], shown["text"]) == (stored.json()["version"], RULES.decode())


async def test_live_rules_move_items_and_say_so(client: httpx.AsyncClient) -> None:
    await client.put("/v1/rules", content=RULES)
    answer = await ask(client, n=5)
    assert ids(answer)[0] == "i7"
    assert "i3" not in ids(answer)
    assert [item["rule"] for item in answer["items"]] == ["i7 first", None, None, None, None]
    assert "rules" in answer["model_versions"]
    why = (await client.get(f"{URL}/why", params={"user_id": "ann", "item_id": "i3"})).json()
    assert why["fell_out_at"] == "rules"


async def test_without_a_key_nobody_is_told_anything(locked: None, client: httpx.AsyncClient) -> None:
    requests = [
        ("GET", f"{URL}?user_id=ann"),
        ("POST", URL),
        ("POST", f"{URL}/batch"),
        ("GET", f"{URL}/why?user_id=ann&item_id=i1"),
        ("POST", "/v1/tokens"),
        ("GET", "/v1/rules"),
        ("PUT", "/v1/rules"),
        ("POST", "/v1/rules/preview"),
    ]
    for method, url in requests:
        assert (await client.request(method, url, content=b"{}")).status_code == 401, url
        wrong = {"authorization": "Bearer wrong"}
        assert (await client.request(method, url, content=b"{}", headers=wrong)).status_code == 401, url
    assert (await client.put("/v1/rules", content=RULES, headers=KEY)).status_code == 401
    assert (await client.put("/v1/rules", content=RULES, headers=OPERATOR)).status_code == 200


async def test_a_page_reads_its_own_person_and_not_too_often(locked: None, client: httpx.AsyncClient) -> None:
    made = await client.post("/v1/tokens", json={"user_id": "ann", "anonymous_id": "dev"}, headers=KEY)
    page = {"authorization": f"Bearer {made.json()['token']}", "origin": "https://shop.example"}
    own = await client.get(URL, params={"user_id": "ann"}, headers=page)
    assert own.status_code == 200
    assert own.headers["access-control-allow-origin"] == "https://shop.example"
    assert (await client.get(URL, params={"user_id": "bob"}, headers=page)).status_code == 403
    for path in (f"{URL}/batch", "/v1/tokens"):
        denied = await client.post(path, json={"people": [{"user_id": "ann"}]}, headers=page)
        assert denied.status_code == 403
    assert (await client.get(URL, params={"anonymous_id": "dev"}, headers=page)).status_code == 200
    unnamed = (await client.post(URL, json={"n": 1}, headers=page)).json()
    assert (unnamed["user_id"], unnamed["anonymous_id"]) == ("ann", "dev")
    assert (await client.get(f"{URL}/why", params={"item_id": "i1"}, headers=page)).status_code == 200
    over = await client.get(URL, params={"user_id": "ann"}, headers=page)
    assert (over.status_code, int(over.headers["retry-after"]) > 0) == (429, True)


async def test_who_is_let_in_by_iam_asks_about_everybody(
    locked: None, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTUNE_IAM_CALLERS", CMS)
    wiring.settings.cache_clear()
    for header in ("authorization", "x-serverless-authorization"):
        assert (await client.get(f"{URL}?user_id=ann", headers={header: passed_on()})).status_code == 200
        stranger = await client.get(f"{URL}?user_id=ann", headers={header: passed_on("stranger")})
        assert stranger.status_code == 401
    both = {"x-serverless-authorization": passed_on("stranger"), **OPERATOR}
    assert (await client.get("/v1/rules", headers=both)).status_code == 200
    assert (await client.get("/v1/rules", headers={"authorization": passed_on()})).status_code == 401


async def test_a_preflight_is_answered(client: httpx.AsyncClient) -> None:
    answer = await client.options(URL, headers={"origin": "https://shop.example"})
    assert answer.status_code == 204
    assert "authorization" in answer.headers["access-control-allow-headers"]


class Slow(EmbeddedDocuments):
    """The real documents, behind a pause."""

    pause_s = 0.0

    async def get(self, *arguments: Any) -> Document | None:
        await asyncio.sleep(self.pause_s)
        return await super().get(*arguments)


@pytest.fixture
async def slow(client: httpx.AsyncClient) -> AsyncIterator[Slow]:
    settings = wiring.settings()
    documents = wiring.documents(settings)
    assert isinstance(documents, EmbeddedDocuments)
    opened = Slow(documents._database._path, timedelta(seconds=5))
    yield opened
    await opened.close()


def recommender(documents: EmbeddedDocuments, **settings: Any) -> Recommender:
    chosen = Settings(**settings)
    registry = Registry(documents, timedelta(hours=1), wiring.clock, popularity=PopularityModel)
    catalogue = Catalogue(documents, 100, timedelta(hours=1), wiring.clock)
    return Recommender(documents, registry, catalogue, read_terms(chosen), chosen, wiring.clock)


async def test_a_store_that_is_too_slow_is_not_waited_for(slow: Slow) -> None:
    one = recommender(slow, recommend_deadline_ms=30)
    assert not (await one.answer("u:ann", Wish(n=3))).degraded
    slow.pause_s = 30.0
    answer = await asyncio.wait_for(one.answer("u:ann", Wish(n=3)), 5)
    assert answer.degraded
    assert len(answer.items) == 3


async def test_a_frozen_store_is_soon_asked_no_more(slow: Slow) -> None:
    one = recommender(slow, recommend_deadline_ms=20)
    await one.answer("u:ann", Wish(n=3))
    slow.pause_s = 30.0
    for _ in range(5):
        await one.answer("u:ann", Wish(n=3))
    with pytest.raises(RetryableError, match="left alone"):
        await one.deadline().wait(lambda: slow.get("profiles", "u:ann"))
    assert (await asyncio.wait_for(one.answer("u:ann", Wish(n=3)), 0.5)).degraded


async def test_fifty_first_requests_at_once_are_all_answered(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.get(URL, params={"user_id": f"u{n}", "n": 5}) for n in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert all(len(answer.json()["items"]) == 5 and not answer.json()["degraded"] for answer in answers)
