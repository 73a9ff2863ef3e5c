"""Measurement Protocol bodies → Events."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.events.event import Event
from shared.events.ga4 import read_measurement
from shared.events.ga4_params import unmapped_name
from shared.events.parse import MAX_PROPERTIES_BYTES, Batch
from shared.settings import Settings

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
SETTINGS = Settings()
MICROS = 1_778_976_000_123_456
SHIRT = {
    "item_id": "SKU1",
    "item_name": "Shirt",
    "item_brand": "B",
    "item_category": "Apparel",
    "price": "10.00",
    "quantity": 2,
}
VIEW: dict[str, Any] = {
    "name": "view_item",
    "params": {
        "currency": "usd",
        "value": "30.03",
        "items": [SHIRT],
        "session_id": 123,
        "engagement_time_msec": 100,
        "page_location": "https://shop.example/p/1",
        "page_referrer": None,
    },
}


def read(body: object, settings: Settings = SETTINGS, now: datetime = NOW) -> Batch:
    return read_measurement(msgspec.json.encode(body), now, settings)


def body(*events: object, **more: Any) -> dict[str, Any]:
    return {"client_id": "123456.7654321", "timestamp_micros": MICROS, "events": list(events)} | more


def one(*arguments: Any, **more: Any) -> Event:
    batch = read(body(*arguments, **more))
    assert not batch.refusals, batch.refusals
    [event] = batch.events
    return event


def act(name: str, **params: Any) -> Event:
    return one({"name": name, "params": params})


def test_a_view_of_an_item() -> None:
    event = one(VIEW, user_id="u1", user_properties={"plan": {"value": "pro"}})
    assert (event.kind, event.user_id, event.anonymous_id) == ("item_view", "u1", "123456.7654321")
    assert (event.item_ids, event.category, event.value, event.currency) == (("SKU1",), "Apparel", 30.03, "USD")
    assert event.quantity == 2
    assert event.occurred_at == datetime(2026, 5, 17, 0, 0, 0, 123456, tzinfo=UTC)
    assert (event.received_at, event.consent) == (NOW, None)
    assert (event.context.source, event.context.session_id) == ("ga4", "123")
    assert (event.context.page_url, event.context.referrer) == ("https://shop.example/p/1", None)
    [product] = event.properties["products"]
    assert product == {
        "product_id": "SKU1",
        "name": "Shirt",
        "category": "Apparel",
        "brand": "B",
        "price": 10.0,
        "quantity": 2.0,
    }
    assert event.properties["user_properties"] == {"plan": "pro"}


def test_time_since_the_event_before_is_no_dwell() -> None:
    # 100 ms before a view would otherwise be a quick exit, and the view count against the item.
    assert act("view_item", items=[SHIRT], engagement_time_msec=100).dwell_s is None
    assert act("user_engagement", engagement_time_msec="12500").dwell_s == 12.5


def test_the_length_of_what_was_played() -> None:
    assert act("video_start", item_id="v1", video_duration="212").duration_s == 212.0
    assert act("video_start", video_duration=0).duration_s is None
    assert act("view_item", items=[{**SHIRT, "duration_s": 95}]).duration_s == 95.0


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("scroll", {}, ("scroll", 0.9)),
        ("scroll", {"percent_scrolled": "25"}, ("scroll", 0.25)),
        ("page_view", {"percent_scrolled": 25}, ("page_view", None)),
    ],
)
def test_scroll(name: str, params: dict[str, Any], expected: tuple[str, float | None]) -> None:
    event = act(name, **params)
    assert (event.kind, event.scroll_depth) == expected


def test_search_share_and_decisions() -> None:
    assert act("search", search_term="red shoes").properties["query"] == "red shoes"
    assert act("share", method="mail", content_type="article", item_id="A7").item_ids == ("A7",)
    answered = act("select_item", items=[SHIRT], decision_id="d1", slot="home")
    assert (answered.kind, answered.decision_id, answered.slot) == ("click", "d1", "home")


def test_many_items() -> None:
    items = [{"item_id": f"i{n % 150}", "item_name": "a long name " * 15, "quantity": 1} for n in range(300)]
    event = act("purchase", items=items, value=9, currency="EUR", transaction_id="T1")
    assert (len(event.item_ids), event.quantity, event.value) == (100, 1.0, 9.0)
    assert event.properties["transaction_id"] == "T1"
    assert len(msgspec.json.encode(event.properties)) <= MAX_PROPERTIES_BYTES


def test_placeholders_say_nothing() -> None:
    event = act("view_item", items=[{"item_id": "(not set)"}], campaign="(direct)", category="(none)")
    assert (event.item_ids, event.context.campaign, event.category) == ((), None, None)


@pytest.mark.parametrize(
    ("consent", "expected"),
    [
        ({}, None),
        ({"ad_user_data": "GRANTED"}, None),
        ({"ad_personalization": "GRANTED"}, ("personalization",)),
        ({"ad_personalization": "granted", "ad_user_data": "GRANTED"}, ("personalization", "advertising")),
        ({"ad_personalization": "DENIED", "ad_user_data": "GRANTED"}, ("advertising",)),
        ({"ad_personalization": "DENIED"}, ("none",)),
    ],
)
def test_consent(consent: dict[str, str], expected: tuple[str, ...] | None) -> None:
    assert one(VIEW, consent=consent).consent == expected


def test_unreadable_consent_is_no_consent_to_guess_at() -> None:
    with pytest.raises(PermanentError, match="ad_personalization"):
        read(body(VIEW, consent={"ad_personalization": "maybe"}))
    assert one(VIEW, non_personalized_ads=True).consent == ("none",)


def test_a_site_names_its_own_events() -> None:
    settings = Settings(event_names={"Kurs geöffnet": "item_view"})
    events = read(body({"name": "kurs_geöffnet"}, {"name": "tour_taken"}, {"name": "login"}), settings).events
    assert [event.kind for event in events] == ["item_view", "custom", "custom"]
    assert [unmapped_name(event, settings) for event in events] == [None, "tour_taken", None]
    assert events[1].properties["event_name"] == "tour_taken"


def ids(*bodies: Any, now: datetime = NOW) -> list[str]:
    return [event.event_id for each in bodies for event in read(each, now=now).events]


def test_sent_again_with_its_time_it_is_the_same_event() -> None:
    first, again = ids(body(VIEW, VIEW)), ids(body(VIEW, VIEW), now=NOW + timedelta(hours=1))
    assert first == again
    assert len(set(first)) == 2
    others = ids(body(VIEW, client_id="9.9"), body(VIEW, timestamp_micros=MICROS + 1), body(VIEW | {"name": "share"}))
    assert len({*first, *others}) == 5


def test_an_event_has_a_time_of_its_own() -> None:
    event = one(VIEW | {"timestamp_micros": str(MICROS - 1_000_000)})
    assert event.occurred_at == datetime(2026, 5, 16, 23, 59, 59, 123456, tzinfo=UTC)


def test_without_a_time_every_hit_is_an_act() -> None:
    hit = body(VIEW, VIEW, timestamp_micros=None)
    found = ids(hit) + ids(hit, now=NOW + timedelta(microseconds=1))
    assert len(set(found)) == 4
    assert read(hit).events[0].occurred_at == NOW


def test_an_app_and_a_postponed_event_of_ga4mp() -> None:
    batch = read({"app_instance_id": "abc", "timestamp_micros": MICROS, "events": {"name": "page_view", "params": {}}})
    assert batch.events[0].anonymous_id == "abc"


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({}, "name"),
        ({"name": 3}, "name"),
        ("view_item", "name"),
        ({"name": "view_item", "params": []}, "params"),
        ({"name": "purchase", "params": {"value": "ten"}}, "value"),
        ({"name": "purchase", "params": {"value": [[]]}}, "value"),
        ({"name": "purchase", "params": {"currency": "EURO"}}, "currency"),
        ({"name": "scroll", "params": {"percent_scrolled": 190}}, "scroll_depth"),
        ({"name": "scroll", "timestamp_micros": "yesterday"}, "timestamp_micros"),
        ({"name": "scroll", "timestamp_micros": 10**30}, "timestamp_micros"),
        ({"name": "scroll", "timestamp_micros": MICROS * 5}, "occurred_at"),
    ],
)
def test_bad_events_are_named_and_good_ones_kept(event: object, field: str) -> None:
    batch = read(body(event, VIEW))
    assert len(batch.events) == 1
    [refusal] = batch.refusals
    assert refusal.position == 0
    assert refusal.problems[0].field == field


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"events":3}',
        b'{"events":[]}',
        b"[" * 100_000,
        b'{"client_id":["x"],"events":[{"name":"a"}]}',
        b'{"client_id":' + b"[" * 900 + b"]" * 900 + b',"events":[{"name":"a"}]}',
        b'{"events":[' + b",".join([b'{"name":"a"}'] * 26) + b"]}",
    ],
)
def test_what_is_no_body_is_refused(raw: bytes) -> None:
    with pytest.raises(PermanentError):
        read_measurement(raw, NOW, Settings())


def test_nobody_is_refused() -> None:
    for client_id in (None, "", "undefined", "0000"):
        assert read(body(VIEW, client_id=client_id)).refusals[0].problems


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["purchase", "view_item", "scroll", "user_engagement", "own thing"]) | JSON
PARAM_NAMES = (*VIEW["params"], "percent_scrolled", "item_id", "decision_id", "event_name")
PARAMS = st.dictionaries(st.sampled_from(PARAM_NAMES), JSON)
EVENTS = st.lists(st.fixed_dictionaries({"name": NAMES, "params": PARAMS | JSON, "timestamp_micros": JSON}), max_size=3)
BODIES = st.fixed_dictionaries(
    {"events": EVENTS | JSON},
    optional=dict.fromkeys(("client_id", "user_id", "timestamp_micros", "consent", "device", "user_properties"), JSON),
)


@given(BODIES | JSON)
def test_any_json_is_read_or_refused(hostile: object) -> None:
    try:
        batch = read(hostile)
    except PermanentError:
        return
    for event in batch.events:
        assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event
    assert all(refusal.problems for refusal in batch.refusals)
