"""What events say of items: told once, believed where it can be, and never at the events' cost."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from shared.errors import RetryableError
from shared.events import publish
from shared.events.event import Event
from shared.events.facts import NAMES, check, hearsay
from shared.events.publish import Grapevine, publish_events
from shared.models.facts import encode_facts
from shared.stores.ports import Message
from tests.unit.test_parse import json_values

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def make(*item_ids: str, kind: Any = "item_view", minutes: int = 0, **fields: Any) -> Event:
    at = NOW + timedelta(minutes=minutes)
    return Event(event_id="e", kind=kind, occurred_at=at, received_at=at, user_id="ann", item_ids=item_ids, **fields)


def told(event: Event) -> dict[str, dict[str, Any]]:
    """Item → facts, as published."""
    checked = [check(item_id, said, event) for item_id, said in hearsay(event)]
    return {facts.item_id: msgspec.json.decode(encode_facts(facts)) for facts in checked if facts}


class Heard:
    """Topics that remember what was published, and of which one may be away."""

    def __init__(self, away: str = "") -> None:
        self.away = away
        self.messages: list[tuple[str, Message]] = []

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        if topic == self.away:
            raise RetryableError("away")
        self.messages += [(topic, message) for message in messages]

    async def check(self, topic: str) -> None: ...

    async def close(self) -> None: ...

    def facts(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(message.data) for topic, message in self.messages if topic == "items"]


def test_an_event_of_one_item_tells_of_it() -> None:
    properties = {
        "title": "Toy Story",
        "brand": " Pixar ",
        "price": "9.50",
        "image": "https://shop.example/1.png",
        "url": "javascript:alert(1)",
        "tags": "film, toys",
        "published_at": "1995-11-22",
        "availability": "https://schema.org/InStock",
        "hidden": True,
        "expires_at": "2026-01-01T00:00:00Z",
    }
    assert told(make("1", category="film", currency="EUR", properties=properties)) == {
        "1": {
            "item_id": "1",
            "stated_at": "2026-06-01T00:00:00Z",
            "name": "Toy Story",
            "category": "film",
            "brand": "Pixar",
            "price": 9.5,
            "currency": "EUR",
            "image_url": "https://shop.example/1.png",
            "tags": ["film", "toys"],
            "published_at": "1995-11-22T00:00:00Z",
            "availability": "in_stock",
        }
    }


def test_products_tell_of_the_items_of_the_event() -> None:
    products = [
        {"product_id": "a", "name": "Anvil", "category": "tools", "price": 5},
        {"product_id": "b", "name": "Bell", "url": "https://shop.example/b"},
        {"product_id": "elsewhere", "name": "Other"},
        "b",
        {"name": "No id"},
    ]
    found = told(make("a", "b", kind="purchase", category="tools", currency="USD", properties={"products": products}))
    assert found.keys() == {"a", "b"}
    assert (found["a"]["name"], found["a"]["price"], found["a"]["currency"]) == ("Anvil", 5.0, "USD")
    assert "category" not in found["b"]


@pytest.mark.parametrize("kind", ["page_view", "search", "custom", "identify", "dwell"])
def test_names_of_pages_are_not_names_of_items(kind: str) -> None:
    assert told(make("a", kind=kind, category="tools", properties={"name": "Checkout", "title": "Shop"})) == {}


def test_a_category_of_several_items_is_nobodys() -> None:
    assert told(make("a", "b", category="tools", properties={"name": "Basket"})) == {}


odd = st.dictionaries(st.sampled_from([name for names in NAMES.values() for name in names]), json_values, max_size=6)


@budget(deadline=None)
@given(odd, st.lists(odd.map(lambda facts: {**facts, "product_id": "a"}), max_size=3))
def test_whatever_stands_there_harms_nobody(own: dict[str, Any], products: list[dict[str, Any]]) -> None:
    told(make("a", properties={**own, "products": products}))
    told(make("a", properties={"price": 10**400, "published_at": "0001-01-01T00:00:00+12:00", "duration_s": 1e400}))


async def test_only_news_is_published() -> None:
    topics = Heard()
    anvil = make("a", category="tools", properties={"name": "Anvil"})
    await publish_events(topics, [anvil, anvil])
    await publish_events(topics, [anvil, make("a", category="tools")])
    assert [facts["name"] for facts in topics.facts()] == ["Anvil"]
    await publish_events(topics, [make("a", minutes=1, properties={"name": "Amboss"})])
    await publish_events(topics, [make("a", minutes=2, properties={"name": "Amboss"})])
    assert [facts["name"] for facts in topics.facts()] == ["Anvil", "Amboss"]
    assert [message.key for topic, message in topics.messages if topic == "items"] == ["a", "a"]
    assert sum(topic == "events" for topic, _ in topics.messages) == 6
    await publish_events(Heard(), [anvil])  # each backend is told for itself


async def test_what_was_said_long_ago_is_said_again() -> None:
    topics = Heard()
    for minutes in (0, 50, 70, 100):
        await publish_events(topics, [make("a", minutes=minutes, category="tools")])
    assert len(topics.facts()) == 2


async def test_facts_that_fail_fail_no_event_and_are_told_later() -> None:
    topics = Heard(away="items")
    event = make("a", category="tools")
    await publish_events(topics, [event])
    assert [topic for topic, _ in topics.messages] == ["events"]
    topics.away = ""
    await publish_events(topics, [event])
    assert len(topics.facts()) == 1


async def test_events_that_fail_are_the_senders_to_repeat() -> None:
    with pytest.raises(RetryableError):
        await publish_events(Heard(away="events"), [make("a", category="tools")])


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "MOST_ITEMS", 2)
    grapevine = Grapevine()
    for item_id in "abc":
        grapevine.remember(item_id, {"name": item_id}, NOW)
    assert [grapevine.is_news(item_id, {"name": item_id}, NOW) for item_id in "abc"] == [True, False, False]
