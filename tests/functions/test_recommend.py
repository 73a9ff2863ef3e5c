"""recommend: ranked, explained, and never what must not come back."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import wiring
from shared.errors import RetryableError
from shared.events.event import Event
from shared.events.kinds import ITEM_KINDS
from shared.models.artifact import pack_model
from shared.models.blend import CONTEXTS, SOURCES, UNLEARNED, BlendModel, Source
from shared.models.catalogue import Catalogue
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.registry import Registry
from shared.models.relations import Relations, pack_relations
from shared.profiles.cart import cart
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import encode_profile, new_profile, to_ms
from shared.profiles.record import STANDING, STATE
from shared.profiles.standing import Quarantine, Standing, encode_standing
from shared.ranking.recommend import Recommender
from shared.ranking.request import Wish
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.queue import EmbeddedTopics
from shared.stores.ports import Documents
from tests.functions.conftest import Serve

URL = "/v1/recommendations"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ITEMS = [f"i{number}" for number in range(12)]
POPULARITY = PopularityModel(
    "p1", [(item, 1 - number / 20) for number, item in enumerate(ITEMS)], {"shoes": [("i9", 1.0), ("i8", 0.5)]}
)
PERSONAS = PersonaModel(
    "k1", ["high_intent"], [True], [0.0], [1.0], [[0.0], [1.0]], ["browser", "high_intent_buyer"], [3, 1]
)


async def publish(documents: Documents, hidden: frozenset[str] = frozenset()) -> None:
    """A small world: every item's neighbours are the three that follow it."""
    for name, model in (("popularity", POPULARITY), ("personas", PERSONAS)):
        key, fields = pack_model(name, model.version, model)
        await documents.merge("models", {key: fields})
    around = {item: [ITEMS[(number + step) % len(ITEMS)] for step in (1, 2, 3)] for number, item in enumerate(ITEMS)}
    await documents.merge(
        "items",
        {
            item: {
                "item_id": item,
                "name": f"Item {item}",
                "category": "shoes",
                "hidden": item in hidden,
                **pack_relations(Relations([(other, 1 / rank) for rank, other in enumerate(near, start=1)])),
            }
            for item, near in around.items()
        },
    )
    await documents.merge("models", {"current": {"popularity": "p1", "personas": "k1", "neighbours": "n1"}})


def make(number: int, kind: str, item: str, days: int = 0) -> Event:
    at = NOW - timedelta(days=days, minutes=number)
    return Event(event_id=f"e{number}", kind=kind, occurred_at=at, user_id="ann", item_ids=(item,), category="shoes")  # type: ignore[arg-type]


async def store(
    documents: EmbeddedDocuments, events: list[Event], standing: Standing | None = None, person: str = "u:ann"
) -> None:
    """Write the person's document as update_profile would, with this standing if any."""
    profile = new_profile(Settings().half_life)
    fold(profile, events, read_terms(Settings()))
    packed = {STANDING: encode_standing(standing)} if standing else {}
    await documents.merge("profiles", {person: {STATE: encode_profile(profile), **packed}})


async def learn(documents: EmbeddedDocuments, shares: Mapping[Source, float]) -> None:
    """Publish a blend in which met items may return."""
    model = BlendModel("b1", {context: dict(shares) for context in CONTEXTS}, may_return=True)
    key, fields = pack_model("blend", "b1", model)
    await documents.merge("models", {key: fields, "current": {"blend": "b1"}})


async def test_where_people_return_the_latest_come_back_with_that_reason(
    serve: Serve, documents: EmbeddedDocuments
) -> None:
    await publish(documents)
    await learn(documents, {**dict.fromkeys(SOURCES, 0.02), "return": 0.9})
    seen = [make(number, "item_view", f"i{number}") for number in range(1, 5)]  # i1 last
    await store(documents, [*seen, make(9, "purchase", "i3")])
    async with serve("recommend") as client:
        items = (await client.get(URL, params={"user_id": "ann", "n": 3})).json()["items"]
    assert [item["item_id"] for item in items][:2] == ["i2", "i4"]
    assert {(item["source"], item["reason"]) for item in items[:2]} == {("return", "you looked at it before")}


async def test_the_next_step_is_that_from_the_item_met_last(serve: Serve, documents: EmbeddedDocuments) -> None:
    await publish(documents)
    await documents.merge("items", {"i1": pack_relations(Relations(next=[("i11", 1.0)]))})
    await learn(documents, {**dict.fromkeys(SOURCES, 0.02), "next": 0.9})
    await store(documents, [make(1, "item_view", "i1"), make(2, "item_view", "i4")])
    async with serve("recommend") as client:
        first = (await client.get(URL, params={"user_id": "ann", "n": 3})).json()["items"][0]
    assert (first["item_id"], first["source"]) == ("i11", "next")
    assert first["reason"] == "next step for people who viewed Item i1"


async def test_a_stranger_gets_what_is_popular(serve: Serve, documents: EmbeddedDocuments) -> None:
    await publish(documents)
    async with serve("recommend") as client:
        answer = (await client.get(URL, params={"user_id": "nobody", "n": 3})).json()
    assert answer["persona"] == "newcomer"
    assert [item["item_id"] for item in answer["items"]] == ["i0", "i1", "i2"]
    assert {(item["source"], item["reason"]) for item in answer["items"]} == {("popularity", "popular with everyone")}
    assert answer["model_versions"] == {"popularity": "p1", "personas": "k1", "neighbours": "n1"}
    assert answer["decision_id"]
    assert answer["degraded"] is False


async def test_before_any_model_the_answer_is_empty_not_an_error(serve: Serve) -> None:
    async with serve("recommend") as client:
        answer = await client.get(URL, params={"anonymous_id": "device-7"})
    assert (answer.status_code, answer.json()["items"], answer.json()["persona"]) == (200, [], "newcomer")


async def test_interests_decide_and_are_given_as_reasons(serve: Serve, documents: EmbeddedDocuments) -> None:
    await publish(documents)
    await store(documents, [make(1, "purchase", "i4"), make(2, "item_view", "i4")])
    async with serve("recommend") as client:
        answer = (await client.get(URL, params={"user_id": "ann", "n": 12})).json()
    first = answer["items"][0]
    assert (first["item_id"], first["source"], first["reason"]) == ("i5", "neighbours", "because you viewed Item i4")
    assert answer["persona"] == "high_intent_buyer"
    assert "i4" not in [item["item_id"] for item in answer["items"]]
    assert "popular in shoes" in [item["reason"] for item in answer["items"]]
    scores = [item["score"] for item in answer["items"]]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[-1] <= scores[0] <= 1


async def test_a_decision_is_logged_for_each_answer(
    serve: Serve, documents: EmbeddedDocuments, queue: EmbeddedTopics
) -> None:
    queue.declare("decisions", "kept")
    async with serve("recommend") as client:
        ids = {(await client.get(URL, params={"user_id": "ann"})).json()["decision_id"] for _ in range(3)}
    assert len(ids) == queue.pending("kept") == 3


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "user_id"),
        ({"user_id": "a", "n": "0"}, "n"),
        ({"user_id": "a", "n": "many"}, "n"),
        ({"user_id": "a", "n": "101"}, "n"),
    ],
)
async def test_a_bad_query_is_named(serve: Serve, params: dict[str, str], field: str) -> None:
    async with serve("recommend") as client:
        answer = await client.get(URL, params=params)
    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.json()["problems"]] == [field]


async def test_other_routes_and_methods(serve: Serve) -> None:
    async with serve("recommend") as client:
        assert (await client.get("/v1/else")).status_code == 404
        assert (await client.delete(URL)).status_code == 405
        assert (await client.get("/healthz")).status_code == 200


async def test_one_profile_read_and_each_item_once(serve: Serve, documents: EmbeddedDocuments) -> None:
    await publish(documents)
    await store(documents, [make(1, "item_view", "i4")])
    async with serve("recommend") as client:
        await client.get(URL, params={"user_id": "ann", "n": 4})
        documents.counts.clear()
        for _ in range(5):
            await client.get(URL, params={"user_id": "ann", "n": 4})
        assert documents.counts == {"reads": 5}
        documents.counts.clear()
        await client.get(URL, params={"user_id": "ann", "n": 5})
        assert documents.counts == {"reads": 3}  # the profile, and two items: twice as many are looked at as shown


CLAIMED = {"ann": to_ms(NOW)}
SHARED = {"ann": to_ms(NOW), "bob": to_ms(NOW) + 1}


@pytest.mark.parametrize(("claims", "met", "reads"), [(CLAIMED, "i4", 2), (SHARED, "i7", 1), ({}, "i7", 1)])
async def test_a_device_is_answered_as_its_user_while_it_has_one(
    serve: Serve, documents: EmbeddedDocuments, claims: dict[str, int], met: str, reads: int
) -> None:
    await publish(documents)
    await store(documents, [make(1, "item_view", "i4")])
    await store(documents, [make(2, "item_view", "i7")], Standing(claims=claims), "a:device-7")
    async with serve("recommend") as client:
        await client.get(URL, params={"anonymous_id": "device-7", "n": 12})
        documents.counts.clear()
        answer = (await client.get(URL, params={"anonymous_id": "device-7", "n": 12})).json()
    assert {"i4", "i7"} - {item["item_id"] for item in answer["items"]} == {met}
    assert documents.counts == {"reads": reads}


@pytest.mark.parametrize(
    "standing",
    [
        Standing(persona="high_intent_buyer", quarantine=Quarantine(1, 9.0, ["rate"], "score")),
        Standing(persona="high_intent_buyer", erased_ms=to_ms(NOW)),
    ],
    ids=["quarantined", "erased"],
)
async def test_who_does_not_count_is_a_stranger(serve: Serve, documents: EmbeddedDocuments, standing: Standing) -> None:
    await publish(documents)
    await store(documents, [make(1, "purchase", "i0")], standing)
    await store(documents, [], Standing(claims=CLAIMED), "a:device-7")
    async with serve("recommend") as client:
        for query in ({"user_id": "ann"}, {"anonymous_id": "device-7"}):
            answer = (await client.get(URL, params={**query, "n": 3})).json()
            assert (answer["persona"], [item["item_id"] for item in answer["items"]]) == (
                "newcomer",
                ["i0", "i1", "i2"],
            )


@pytest.mark.parametrize(
    ("before", "days", "told"),
    [
        ("newcomer", 4.0, "regular"),
        ("regular", 5.2, "regular"),
        ("disengaged", 5.2, "disengaged"),
        ("disengaged", 4.7, "regular"),
        ("regular", 5.3, "disengaged"),
    ],
)
async def test_the_persona_is_that_of_now_with_its_band(
    serve: Serve,
    documents: EmbeddedDocuments,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
    days: float,
    told: str,
) -> None:
    """Nobody wrote meanwhile. The border is at five days, the band from 4.74 to 5.26."""
    await publish(documents)
    names = ["regular", "disengaged"]
    silence = PersonaModel("k2", ["recency_days"], [False], [0.0], [1.0], [[0.0], [10.0]], names, [1, 1])
    key, fields = pack_model("personas", "k2", silence)
    await documents.merge("models", {key: fields, "current": {"personas": "k2"}})
    await store(documents, [make(0, "item_view", "i4")], Standing(persona=before))
    monkeypatch.setattr(wiring, "clock", lambda: NOW + timedelta(days=days))
    async with serve("recommend") as client:
        assert (await client.get(URL, params={"user_id": "ann"})).json()["persona"] == told


async def test_a_store_that_is_away_degrades(
    serve: Serve, documents: EmbeddedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(documents)

    async def away(*_: object) -> None:
        raise RetryableError("away")

    async with serve("recommend") as client:
        await client.get(URL, params={"user_id": "nobody", "n": 3})
        monkeypatch.setattr(documents, "get", away)
        monkeypatch.setattr(documents, "get_many", away)
        answer = await client.get(URL, params={"user_id": "ann", "n": 3})
    assert answer.status_code == 200
    assert answer.json()["degraded"] is True
    assert len(answer.json()["items"]) == 3


@contextmanager
def fresh_documents() -> Iterator[EmbeddedDocuments]:
    with tempfile.TemporaryDirectory() as folder:
        yield EmbeddedDocuments(Path(folder, "documents.sqlite"), timedelta(seconds=5))


acts = st.lists(
    st.tuples(
        st.sampled_from(["item_view", "click", "purchase", "dismiss", "add_to_cart", "bookmark"]),
        st.sampled_from(ITEMS),
        st.integers(0, 400),
    ),
    max_size=14,
)


@settings(max_examples=80, deadline=None)
@given(acts, st.frozensets(st.sampled_from(ITEMS)), st.integers(1, 20), st.booleans())
async def test_what_must_not_come_back_never_does(
    acts: list[tuple[str, str, int]], hidden: frozenset[str], n: int, may_return: bool
) -> None:
    """Bought, dismissed, in the cart, met last and hidden; and seen, unless it was learned that people return."""
    events = [make(number, kind, item, days) for number, (kind, item, days) in enumerate(acts)]
    with fresh_documents() as documents:
        await publish(documents, hidden)
        if may_return:
            await learn(documents, UNLEARNED)
        await store(documents, events)
        registry = Registry(documents, timedelta(hours=1), lambda: NOW, popularity=PopularityModel, blend=BlendModel)
        catalogue = Catalogue(documents, 5, timedelta(hours=1), lambda: NOW)
        recommender = Recommender(documents, registry, catalogue, read_terms(Settings()), Settings(), lambda: NOW)
        answer = await recommender.answer("u:ann", Wish(n=n))
    shown = [item.item_id for item in answer.items]
    banned = {item for kind, item, _ in acts if not may_return or kind in ("purchase", "dismiss")}
    last = max((e for e in events if e.kind in ITEM_KINDS), key=lambda e: (e.occurred_at, e.item_ids), default=None)
    banned |= set(last.item_ids) if last else set()
    profile = new_profile(Settings().half_life)
    fold(profile, events, read_terms(Settings()))
    banned |= cart(profile, NOW).keys()
    assert not set(shown) & (banned | hidden)
    assert len(shown) == len(set(shown)) == min(n, len(set(ITEMS) - banned - hidden))
