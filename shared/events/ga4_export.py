"""Rows of GA4's BigQuery export → Events.

https://support.google.com/analytics/answer/7029846 (the schema of the export)
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.errors import PermanentError, Problem
from shared.events.event import Event
from shared.events.ga4_params import add_user_properties, read_params, read_place
from shared.events.ga4_values import fingerprint, label, present, read_id, read_micros
from shared.events.parse import make_event
from shared.events.segment_values import Payload, first, mapping, number, text
from shared.settings import Settings

VALUES = ("string_value", "int_value", "float_value", "double_value")

ADDED = frozenset(
    [
        "session_engaged",
        "engaged_session_event",
        "ga_session_number",
        "entrances",
        "engagement_time_msec",
        "ignore_referrer",
        "debug_mode",
        "source",
        "medium",
        "campaign",
        "campaign_id",
        "term",
        "content",
        "gclid",
        "dclid",
        "srsltid",
        "batch_event_index",
        "batch_ordering_id",
        "batch_page_id",
    ]
)
"""Parameters that Google adds or attributes later. The intraday row of an event may be without them and its daily row
with them: the event's id must not change by that."""


def read_row(row: Mapping[str, Any], raw: bytes, received_at: datetime, settings: Settings) -> Event:
    """The Event of one row, given as JSON has it: 64-bit integers may be text, nulls are absent.

    The id is made of what GA4 tells events apart by (pseudo id, time, name, bundle, session) and, as two events of one
    bundle may share all of these, of the parameters that the sender set and the items.

    Raises:
        PermanentError: naming every field that keeps the row from being an Event.
    """
    row = mapping(dict(row))
    name, params = row.get("event_name"), _flat(row.get("event_params"))
    occurred_at = read_micros(row.get("event_timestamp"), "event_timestamp")
    missing = [field for field, value in (("event_name", name), ("event_timestamp", occurred_at)) if not value]
    if missing or not isinstance(name, str):
        raise PermanentError("invalid", tuple(Problem(one, "a value", "nothing") for one in missing or ["event_name"]))
    params |= {"items": items} if (items := _items(row)) else {}
    anonymous_id = read_id(first(row, "user_pseudo_id", "client_id"), "user_pseudo_id")
    fields = read_params(name, params | _revenue(row, params), settings)
    add_user_properties(fields["properties"], _flat(row.get("user_properties")))
    fields |= {
        "event_id": _event_id(row, name, anonymous_id, params),
        "occurred_at": occurred_at,
        "user_id": read_id(row.get("user_id"), "user_id"),
        "anonymous_id": anonymous_id,
        "context": present(_context(row, params)),
        "consent": _consent(row),
    }
    return make_event(present(fields), raw, received_at, settings)


def _event_id(row: Payload, name: str, pseudo_id: str | None, params: Payload) -> str:
    stated = sorted((key, text(value)) for key, value in params.items() if key not in ADDED and key != "items")
    facts = ("item_id", "item_name", "item_variant", "quantity", "price", "index", "item_list_index")
    items = [[text(item.get(fact)) for fact in facts] for item in params.get("items", ())]
    keys = ("event_timestamp", "event_bundle_sequence_id")
    return fingerprint(pseudo_id, name, *(text(row.get(key)) for key in keys), stated, items)


def _context(row: Payload, params: Payload) -> dict[str, Any]:
    device = mapping(row.get("device"))
    collected = mapping(row.get("collected_traffic_source"))
    attributed = mapping(row.get("traffic_source"))
    place = read_place(params)
    campaign = label(collected.get("manual_campaign_name")) or place["campaign"] or label(attributed.get("name"))
    return place | {
        "device_type": label(device.get("category")),
        "locale": place["locale"] or label(device.get("language")),
        "campaign": campaign,
        "source": "ga4",
    }


def _consent(row: Payload) -> tuple[str, ...] | None:
    """Who refuses analytics refuses to be personalized; who allows storage has not said a word about that."""
    answer = mapping(row.get("privacy_info")).get("analytics_storage")
    return () if isinstance(answer, str) and answer.lower() == "no" else None


def _revenue(row: Payload, params: Payload) -> dict[str, Any]:
    """What a row knows of an event's worth beside its parameters."""
    revenue = number(mapping(row.get("ecommerce")).get("purchase_revenue"))
    in_usd = number(row.get("event_value_in_usd"))
    if params.get("value") is not None or (revenue is None and in_usd is None):
        return {}
    return {"value": revenue} if revenue is not None else {"value": in_usd, "currency": "USD"}


def _items(row: Payload) -> list[dict[str, Any]]:
    listed = row.get("items")
    stated = [mapping(item) for item in listed] if isinstance(listed, list) else []
    return [{**_flat(item.get("item_params")), **item} for item in stated]


def _flat(listed: object) -> dict[str, Any]:
    """[{"key": …, "value": {"int_value": …}}] as {key: value}."""
    pairs = [mapping(one) for one in listed] if isinstance(listed, list) else []
    named = [(pair.get("key"), first(mapping(pair.get("value")), *VALUES)) for pair in pairs]
    return {key: value for key, value in named if isinstance(key, str) and value is not None}
