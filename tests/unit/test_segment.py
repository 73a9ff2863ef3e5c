"""Segment's payloads as Events: each call, each shape of e-commerce and video, and what is refused and why."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from shared.errors import PermanentError
from shared.events.event import Event, decode_event, encode_event
from shared.events.parse import MAX_PROPERTIES_BYTES
from shared.events.segment import read_segment, unmapped_name
from shared.settings import Settings

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TRACK: dict[str, Any] = {
    "type": "track",
    "event": "Product Added",
    "messageId": "m1",
    "userId": "ann",
    "timestamp": "2026-11-22T11:59:00Z",
    "properties": {"product_id": "shoe", "price": "20", "quantity": 2, "currency": "eur", "category": "shoes"},
}


def read(change: dict[str, Any] | None = None, settings: Settings | None = None, **properties: Any) -> Event:
    payload = TRACK | ({"properties": properties} if properties else {}) | (change or {})
    raw = msgspec.json.encode(payload)
    event = read_segment(msgspec.json.decode(raw), raw, NOW, settings or Settings())
    assert decode_event(encode_event(event)) == event
    return event


def problems(change: dict[str, Any], **properties: Any) -> set[str]:
    with pytest.raises(PermanentError) as caught:
        read(change, **properties)
    return {problem.field for problem in caught.value.problems}


def test_a_track_call_is_an_event() -> None:
    context = {
        "page": {"url": "https://shop.example/shoe", "referrer": "https://search.example/"},
        "userAgent": "Mozilla/5.0",
        "locale": "de-DE",
        "campaign": {"name": "autumn", "source": "mail"},
        "device": {"type": "ios"},
        "ip": "203.0.113.77",
        "library": {"name": "analytics-python"},
        "consent": {"categoryPreferences": {"Advertising": False, "Analytics": True, "Functional": True}},
    }
    event = read({"anonymousId": "device", "context": context, "integrations": {"All": True}})
    assert msgspec.to_builtins(event) == {
        "event_id": "m1",
        "kind": "add_to_cart",
        "occurred_at": "2026-11-22T11:59:00Z",
        "received_at": "2026-11-22T12:00:00Z",
        "user_id": "ann",
        "anonymous_id": "device",
        "item_ids": ("shoe",),
        "category": "shoes",
        "value": 40.0,
        "currency": "EUR",
        "quantity": 2.0,
        "context": {
            "page_url": "https://shop.example/shoe",
            "referrer": "https://search.example/",
            "device_type": "ios",
            "campaign": "autumn",
            "locale": "de-DE",
            "user_agent": "Mozilla/5.0",
            "source": "segment",
        },
        "consent": ("personalization", "analytics", "functional"),
        "properties": {
            "event_name": "Product Added",
            "products": [{"product_id": "shoe", "category": "shoes", "price": 20.0, "quantity": 2.0}],
        },
    }


def test_an_order_weighs_on_each_item_by_its_own_units() -> None:
    products = [
        {"product_id": "a", "price": 19, "quantity": 1, "category": "games", "url": "https://shop.example/a"},
        {"id": 505, "sku": "s", "price": "3.00", "quantity": "2", "category": "games"},
        {"sku": "only-sku", "category": "toys"},
        {"name": "of no id"},
        "no product",
        None,
    ]
    event = read({"event": "Order Completed"}, order_id="o1", revenue=22.5, total=27.5, products=products)
    assert event.kind == "purchase"
    assert event.item_ids == ("a", "505", "only-sku")
    assert (event.category, event.value, event.quantity) == ("games", 22.5, 1.5)
    assert event.properties["order_id"] == "o1"
    assert event.properties["total"] == 27.5
    assert [product["product_id"] for product in event.properties["products"]] == ["a", "505", "only-sku"]


def test_v1_ids_are_ids_only_beside_a_products_facts() -> None:
    assert read({"event": "Viewed Product"}, id="p1", sku="s", name="Uno", price=3).item_ids == ("p1",)
    event = read({"event": "Button Clicked"}, id="menu", name="Menu")
    assert event.item_ids == ()
    assert event.properties == {"event_name": "Button Clicked", "id": "menu", "name": "Menu"}


def test_a_list_that_was_shown_has_items_and_no_worth() -> None:
    event = read({"event": "Product List Viewed"}, list_id="hot", category="Deals", products=[{"sku": "a", "price": 9}])
    assert (event.kind, event.item_ids, event.category, event.value) == ("page_view", ("a",), "Deals", None)
    assert event.properties["list_id"] == "hot"


def test_video_and_its_advertisements() -> None:
    started = read({"event": "Video Playback Started"}, content_asset_ids=["v1"], total_length=392, session_id="play")
    assert (started.kind, started.item_ids, started.context.session_id) == ("video_play", ("v1",), None)
    assert started.properties["products"] == [{"product_id": "v1", "duration_s": 392.0}]
    assert started.duration_s == 392.0
    live = read({"event": "Video Playback Started"}, content_asset_id="v1", total_length=0)
    assert (live.item_ids, live.duration_s) == (("v1",), None)
    assert read({"event": "Product Viewed"}, product_id="p", duration_s="95").duration_s == 95.0
    content: dict[str, Any] = {
        "asset_id": "v2",
        "title": "Woods",
        "genre": ["Nature", "Film"],
        "publisher": "BBC",
        "keywords": ["tree"],
    }
    facts = {"product_id": "v2", "name": "Woods", "category": "Nature", "brand": "BBC", "tags": ["tree"]}
    told = read({"event": "Video Content Started"}, **content)
    assert (told.properties["products"], told.category) == ([facts], "Nature")
    assert read({"event": "Video Playback Resumed"}, content_asset_ids=["v1", "v2"]).item_ids == ("v1", "v2")
    assert read({"event": "Video Ad Started"}, asset_id="ad", title="Buy").item_ids == ()


def test_pages_and_screens() -> None:
    change = {"type": "page", "name": "Home", "category": "Docs", "context": {"page": {"url": "https://a.example/old"}}}
    page = read(change, url="https://a.example/", referrer="", title="Welcome")
    assert (page.kind, page.category, page.context.page_url) == ("page_view", "Docs", "https://a.example/")
    assert page.properties == {"name": "Home", "url": "https://a.example/", "referrer": "", "title": "Welcome"}
    screen = read({"type": "screen", "name": "Feed", "properties": {"Feed Type": "private"}})
    assert (screen.kind, screen.properties) == ("page_view", {"name": "Feed", "Feed Type": "private"})


def test_identify_and_group() -> None:
    traits = {"plan": "pro", "logins": 5}
    assert read({"type": "identify", "traits": traits, "properties": None}).properties == {"traits": traits}
    group = read({"type": "group", "groupId": "acme", "traits": traits, "properties": None})
    assert (group.kind, group.properties) == ("custom", {"group_id": "acme", "traits": traits})
    assert read({"context": {"groupId": "acme"}}).properties["group_id"] == "acme"


@pytest.mark.parametrize(
    ("change", "anonymous_id"),
    [
        ({"previousId": "device"}, "device"),
        ({"previousId": "jen@email.example"}, None),
        ({"previousId": "old", "anonymousId": "device"}, "device"),
        ({"previousId": "ann"}, None),
        ({"previousId": 7}, "7"),
    ],
)
def test_alias_joins_the_earlier_id(change: dict[str, Any], anonymous_id: str | None) -> None:
    event = read({"type": "alias"} | change)
    assert (event.kind, event.user_id, event.anonymous_id) == ("alias", "ann", anonymous_id)
    assert event.properties == {"previous_id": str(change["previousId"])}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"type": None}, {"type"}),
        ({"type": "delete"}, {"type"}),
        ({"type": ["track"]}, {"type"}),
        ({"event": None}, {"event"}),
        ({"event": {"name": "x"}}, {"event"}),
        ({"event": " \u200b "}, {"event"}),
        ({"userId": None}, {"user_id"}),
        ({"userId": ""}, {"user_id"}),
        ({"userId": "guest"}, {"user_id"}),
        ({"userId": True}, {"user_id"}),
        ({"userId": {"id": 1}}, {"user_id"}),
        ({"userId": "x" * 257}, {"user_id"}),
        ({"anonymousId": "a\u202eb"}, {"anonymous_id"}),
        ({"messageId": "m" * 129}, {"event_id"}),
        ({"messageId": [1]}, {"event_id"}),
        ({"timestamp": "yesterday"}, {"timestamp"}),
        ({"timestamp": 1_795_000_000}, {"timestamp"}),
        ({"timestamp": "2027-01-01T00:00:00Z"}, {"occurred_at"}),
        ({"timestamp": "9999-12-31T23:59:59Z", "sentAt": "0001-01-01T00:00:00Z"}, {"timestamp"}),
        ({"type": "alias"}, {"previousId"}),
        ({"type": "alias", "previousId": "old", "userId": None}, {"userId"}),
        ({"type": "alias", "previousId": {"a": 1}}, {"previousId"}),
        ({"properties": {"product_id": "p", "quantity": -1}}, {"quantity"}),
        ({"properties": {"value": 1e12}}, {"value"}),
        ({"properties": {"note": "\u0000"}}, {"properties.note"}),
        ({"type": "identify", "userId": "null", "messageId": "m" * 129}, {"event_id", "user_id"}),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),  # sets have no order of their own
)
def test_what_cannot_be_an_event_is_named(change: dict[str, Any], fields: set[str]) -> None:
    assert problems(change) == fields


def test_numbers_as_ids_and_old_spellings() -> None:
    assert read({"userId": 507, "anonymousId": 7.0}).user_id == "507"
    old = {"type": None, "action": "track", "userId": None, "user_id": "ann"}
    assert (read(old).kind, read(old).user_id) == ("add_to_cart", "ann")


def test_what_is_no_number_is_left_out() -> None:
    event = read({}, product_id="p", price="free", quantity="two", value="N/A", currency="euros")
    assert (event.value, event.quantity, event.currency) == (None, None, None)
    assert event.properties["products"] == [{"product_id": "p"}]


def test_without_a_message_id_the_bytes_are_the_identity() -> None:
    first, again, other = (read({"messageId": None, "userId": user}).event_id for user in ("ann", "ann", "bob"))
    assert first == again != other
    assert first.startswith("raw-")


def test_the_largest_extras_give_way() -> None:
    extras: dict[str, Any] = {"small": 1, "large": "x" * 9_000, "medium": "y" * 5_000, "other": "z" * 4_000}
    properties = read({}, **extras, product_id="p").properties
    assert properties.keys() == {"event_name", "products", "small", "other"}
    deep: Any = 1
    for _ in range(20):
        deep = [deep]
    assert read({}, deep=deep, flat=1).properties == {"event_name": "Product Added", "flat": 1}


def test_an_order_of_everything_keeps_its_ids() -> None:
    products = [{"product_id": f"p{n}", "name": "n" * 200, "price": 1} for n in range(120)]
    event = read({"event": "Order Completed", "name": "\U0001f45f" * 300}, products=products, order_id="o1")
    assert len(event.item_ids) == 100
    assert event.properties["order_id"] == "o1"
    assert len(msgspec.json.encode(event.properties)) <= MAX_PROPERTIES_BYTES
    assert [product["product_id"] for product in event.properties["products"]][:3] == ["p0", "p1", "p2"]


def test_a_recommendation_is_answered() -> None:
    event = read({}, product_id="p", decision_id="d1", slot="home", dwell_s=12.5)
    assert (event.decision_id, event.slot, event.dwell_s) == ("d1", "home", 12.5)


@pytest.mark.parametrize(
    ("ip", "kept"),
    [("203.0.113.77", "203.0.113.0"), ("2001:db8:1:2::3", "2001:db8:1::"), ("fe80::1%eth0", "fe80::"), ("me", None)],
)
def test_addresses_are_dropped_or_cut(ip: str, kept: str | None) -> None:
    change = {"context": {"ip": ip}}
    assert read(change).context.ip is None
    assert read(change, Settings(ip="truncate")).context.ip == kept


@pytest.mark.parametrize(
    ("stated", "consent"),
    [
        (None, None),
        ({}, None),
        ("all", None),
        ({"Advertising": True}, ("advertising",)),
        ({"Advertising": False}, ("none",)),
        ({"C0003": True, "C0002": "yes"}, ("personalization", "c0003")),
        ({"Personalization": True}, ("personalization",)),
        ({f"c{n}": True for n in range(30)} | {"Functional": True}, 20),
    ],
)
def test_consent(stated: Any, consent: Any) -> None:
    found = read({"context": {"consent": {"categoryPreferences": stated}}}).consent
    assert found == consent or (found is not None and len(found) == consent and found[0] == "personalization")


def test_names_that_nobody_mapped() -> None:
    own = Settings(event_names={"Course Clicked": "click"})
    assert unmapped_name({"type": "track", "event": "Course Clicked"}, Settings()) == "Course Clicked"
    assert unmapped_name({"type": "track", "event": "course_clicked"}, own) is None
    assert unmapped_name({"type": "track", "event": "Coupon Applied"}, Settings()) is None
    assert unmapped_name({"type": "group"}, Settings()) is None
    assert read({"event": "Course Clicked"}, own).kind == "click"
    assert read({"event": "Course Clicked"}).kind == "custom"
