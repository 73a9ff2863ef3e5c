"""Facts of items: every bad field is named, and neither order nor repetition of statements matters."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from shared.errors import ConflictError, PermanentError, RetryableError
from shared.models.facts import FACTS, TYPES, ItemFacts, encode_facts, parse_facts
from shared.models.items import fold_facts, store_facts, unpack_item
from shared.models.relations import Relations, pack_relations
from shared.ranking.exclude import why_withheld
from shared.ranking.request import ANYTHING
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.ports import Fields
from tests.unit.test_parse import json_values
from tests.unit.test_sql_tables import columns

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SETTINGS = Settings()
ALL: dict[str, Any] = {
    "item_id": "a",
    "stated_at": "2026-05-01T12:00:00+02:00",
    "name": "Anvil",
    "category": "tools",
    "brand": "Acme",
    "price": 12,
    "currency": "EUR",
    "url": "https://shop.example/a",
    "image_url": "http://shop.example/a.png",
    "tags": ["iron", "heavy"],
    "published_at": "2026-01-01T00:00:00Z",
    "expires_at": "2027-01-01T00:00:00Z",
    "duration_s": 3.5,
    "availability": "in_stock",
    "hidden": False,
    "repeatable": True,
}


def parse(**fields: Any) -> ItemFacts:
    return parse_facts(msgspec.json.encode(fields), NOW, SETTINGS)


def problems(**fields: Any) -> dict[str, str]:
    with pytest.raises(PermanentError) as caught:
        parse(**fields)
    assert all(problem.expected and problem.found for problem in caught.value.problems)
    return {problem.field: problem.expected for problem in caught.value.problems}


def test_every_fact_is_taken_and_times_are_utc() -> None:
    facts = parse(**ALL)
    plain = msgspec.json.decode(encode_facts(facts))
    assert plain == ALL | {"stated_at": "2026-05-01T10:00:00Z", "price": 12.0}
    assert plain.keys() == TYPES.keys()


def test_without_a_time_it_is_stated_now() -> None:
    assert parse(item_id="a").stated_at == NOW


def test_the_table_has_the_facts() -> None:
    assert list(columns("items")) == list(TYPES)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "ftp://a", "//a", "https://", "https://a b"]
)
def test_links_are_of_the_web(url: str) -> None:
    assert problems(item_id="a", url=url, image_url=url).keys() == {"url", "image_url"}


def test_every_bad_field_is_named() -> None:
    bad = {
        "item_id": "",
        "name": "a\u0000b",
        "price": -1,
        "currency": "euro",
        "tags": ["x", 3],
        "published_at": "yesterday",
        "expires_at": "0001-01-01T00:00:00Z",
        "availability": "maybe",
        "hidden": "yes",
        "colour": "red",
        "stated_at": "2030-01-01T00:00:00Z",
    }
    assert {name.partition("[")[0] for name in problems(**bad)} == bad.keys()
    assert problems(name="x").keys() == {"item_id"}


@budget(deadline=None)
@given(st.one_of(st.binary(max_size=100), json_values.map(msgspec.json.encode)))
def test_what_is_no_item_is_refused(body: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        parse_facts(body, NOW, SETTINGS)
    assert caught.value.problems


def folded(statements: Sequence[ItemFacts], fields: Fields) -> dict[str, Any]:
    found: dict[str, Any] = dict(fields)
    for facts in statements:
        found |= fold_facts(found, facts)
    return found


def stated(minutes: int, facts: Mapping[str, Any]) -> ItemFacts:
    return parse(item_id="a", stated_at=(NOW - timedelta(minutes=minutes)).isoformat(), **facts)


some_facts = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["Anvil", "Amboss", None]),
        "price": st.sampled_from([0, 1, 12.5, None]),
        "tags": st.sampled_from([[], ["iron"], ["iron", "heavy"], None]),
        "expires_at": st.sampled_from(["2027-01-01T00:00:00Z", "2026-12-31T23:00:00-01:00", None]),
        "hidden": st.sampled_from([True, False, None]),
    },
)


@given(st.lists(st.builds(stated, st.integers(0, 3), some_facts), max_size=8), st.randoms())
def test_order_and_repetition_change_nothing(statements: list[ItemFacts], draw: random.Random) -> None:
    before = {"item_id": "a", **pack_relations(Relations([("b", 0.5)])), "category": "tools"}
    deliveries = statements + draw.choices(statements, k=3) if statements else []
    shuffled = draw.sample(deliveries, len(deliveries))
    assert folded(shuffled, before) == folded(statements, before)
    assert folded(shuffled, before).items() >= before.items()


def test_the_newest_of_each_fact_counts_and_null_clears() -> None:
    found = folded([stated(2, {"name": "Anvil", "price": 1}), stated(1, {"name": None}), stated(3, {"price": 9})], {})
    assert (found["name"], found["price"]) == (None, 1.0)
    assert found["facts_at"].keys() == {"name", "price"}
    assert fold_facts(found, stated(5, {"name": "Amboss"})) == {}
    assert folded([stated(1, {"tags": None})], {})["tags"] == []


async def test_facts_and_neighbours_are_written_by_two(tmp_path: Path) -> None:
    """Every compare-and-set meets a retraining that has just written the same document."""

    class Contended(EmbeddedDocuments):
        merges = 0

        async def put(self, collection: str, key: str, fields: Fields, version: str) -> str:
            if self.merges < 3:
                self.merges += 1
                await self.merge(collection, {key: pack_relations(Relations([("b", 0.1 * self.merges)]))})
            return await super().put(collection, key, fields, version)

    documents = Contended(tmp_path / "documents.sqlite", timedelta(seconds=1))
    assert await store_facts(documents, parse(**ALL)) == "applied"
    assert await store_facts(documents, parse(**ALL)) == "known"
    stored = await documents.get("items", "a")
    assert stored
    assert {name for name in FACTS if name in stored.fields} == set(FACTS)
    item = unpack_item("a", stored.fields)
    assert (item.name, item.expires_at) == ("Anvil", datetime(2027, 1, 1, tzinfo=UTC))
    [(other, similarity)] = item.neighbours.items()
    assert (other, round(similarity, 6)) == ("b", 0.3)
    await documents.close()


async def test_who_never_gets_to_write_asks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = EmbeddedDocuments(tmp_path / "documents.sqlite", timedelta(seconds=1))

    async def refuse(*_: object) -> str:
        raise ConflictError("taken")

    async def at_once(_: float) -> None: ...

    monkeypatch.setattr(documents, "put", refuse)
    monkeypatch.setattr(asyncio, "sleep", at_once)
    with pytest.raises(RetryableError):
        await store_facts(documents, parse(**ALL))
    await documents.close()


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({}, True),
        ({"hidden": True}, False),
        ({"hidden": False}, True),
        ({"hidden": None}, True),
        ({"expires_at": "2026-06-01T00:00:00Z"}, False),
        ({"expires_at": "2026-06-01T00:00:01Z"}, True),
        ({"expires_at": None}, True),
    ],
)
def test_what_is_hidden_or_expired_is_withdrawn(facts: dict[str, Any], shown: bool) -> None:
    item = unpack_item("a", folded([parse(item_id="a", name="Anvil", **facts)], {}))
    assert (why_withheld(item, ANYTHING, NOW) == "") is shown
    assert why_withheld(None, ANYTHING, NOW) == ""
