"""Rows of GA4's BigQuery export → Events."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.events.event import Event
from shared.events.ga4_export import read_row
from shared.settings import Settings
from tests.samples import sample
from tests.unit.test_ga4 import JSON

NOW = datetime(2026, 5, 18, tzinfo=UTC)


def param(key: str, value: Any) -> dict[str, Any]:
    kind = {str: "string_value", int: "int_value", float: "double_value"}[type(value)]
    empty = dict.fromkeys(("string_value", "int_value", "float_value", "double_value"))
    return {"key": key, "value": {**empty, kind: value}}


def row(name: str = "view_item", *params: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "event_timestamp": 1778976000123456,
        "event_name": name,
        "event_bundle_sequence_id": 42,
        "event_value_in_usd": None,
        "event_params": [param("ga_session_id", 1778975990), param("page_location", "https://shop/p/1"), *params],
        "user_id": None,
        "user_pseudo_id": "1234.5678",
        "privacy_info": {"analytics_storage": "Yes", "ads_storage": "Yes", "uses_transient_token": "No"},
        "user_properties": [param("plan", "pro")],
        "device": {"category": "mobile", "language": "en-us"},
        "traffic_source": {"name": "(direct)", "medium": "(none)", "source": "(direct)"},
        "collected_traffic_source": {"manual_campaign_name": "spring"},
        "ecommerce": {"transaction_id": None, "purchase_revenue": None},
        "items": [{"item_id": "SKU1", "item_name": "Shirt", "price": 10.0, "quantity": 1, "item_list_index": "3"}],
    } | more


def read(fields: Any) -> Event:
    return read_row(fields, msgspec.json.encode(fields), NOW, Settings())


def test_a_row() -> None:
    event = read(row())
    assert (event.kind, event.anonymous_id, event.user_id) == ("item_view", "1234.5678", None)
    assert (event.item_ids, event.value) == (("SKU1",), 10.0)
    assert event.occurred_at == datetime(2026, 5, 17, 0, 0, 0, 123456, tzinfo=UTC)
    context = msgspec.to_builtins(event.context)
    assert context == {
        "page_url": "https://shop/p/1",
        "device_type": "mobile",
        "session_id": "1778975990",
        "campaign": "spring",
        "locale": "en-us",
        "source": "ga4",
    }
    assert event.properties["products"] == [
        {"product_id": "SKU1", "name": "Shirt", "price": 10.0, "quantity": 1.0, "position": 3.0}
    ]
    assert event.properties["user_properties"] == {"plan": "pro"}


def test_a_recorded_row() -> None:
    [recorded] = json.loads(sample("payloads/ga4_bigquery_export_events.json").read_text())
    event = read(recorded)
    assert (event.kind, event.properties["event_name"]) == ("custom", "first_visit")
    assert (event.anonymous_id, event.context.session_id) == ("1166526666.1617691776", "1617691775")
    assert event.occurred_at == datetime(2021, 4, 6, 6, 49, 50, 431476, tzinfo=UTC)


def test_worth() -> None:
    assert read(row("purchase", ecommerce={"purchase_revenue": 12.5})).value == 12.5
    usd = read(row("purchase", event_value_in_usd=7.5, ecommerce=None))
    assert (usd.value, usd.currency) == (7.5, "USD")
    stated = read(row("purchase", param("value", 3), param("currency", "EUR"), event_value_in_usd=7.5))
    assert (stated.value, stated.currency) == (3.0, "EUR")


def test_integers_may_be_text() -> None:
    as_text = row(event_timestamp="1778976000123456", event_bundle_sequence_id="42")
    as_text["event_params"][0]["value"]["int_value"] = "1778975990"
    assert read(as_text) == read(row())


def test_the_daily_row_is_the_intraday_row() -> None:
    daily = row(
        "view_item",
        param("session_engaged", "1"),
        param("entrances", 1),
        param("campaign", "spring"),
        event_value_in_usd=10.8,
        traffic_source={"name": "spring"},
        is_active_user=True,
    )
    assert read(daily).event_id == read(row()).event_id


def test_events_of_one_bundle_are_told_apart() -> None:
    hat = [{"item_id": "SKU2"}]
    variants = [
        row(),
        row(items=hat),
        row("view_item", param("link_id", "a")),
        row("select_item"),
        row(event_timestamp=1778976000123457),
        row(event_bundle_sequence_id=43),
        row(user_pseudo_id="1"),
    ]
    assert len({read(variant).event_id for variant in variants}) == len(variants)


@pytest.mark.parametrize(
    ("privacy", "expected"),
    [
        (None, None),
        ({"analytics_storage": "Yes", "ads_storage": "Yes"}, None),
        ({"analytics_storage": "Yes", "ads_storage": "No"}, None),
        ({"analytics_storage": "No"}, ("none",)),
        ({"analytics_storage": 1}, None),
    ],
)
def test_consent(privacy: object, expected: object) -> None:
    assert read(row(privacy_info=privacy)).consent == expected


def test_who_refused_cookies_is_nobody() -> None:
    with pytest.raises(PermanentError, match="user_id or anonymous_id"):
        read(row(user_pseudo_id=None))


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(row(), JSON)))
def test_any_row_is_read_or_refused(hostile: dict[str, Any]) -> None:
    for fields in (hostile, row() | hostile, row() | {"event_params": [{"key": "items", "value": hostile}]}):
        with suppress(PermanentError):
            assert read(fields).event_id.startswith("ga4-")
