"""What the parameters of a GA4 event say, whichever way it came: Measurement Protocol, BigQuery export, Firebase."""

from typing import Any

import msgspec

from shared.events.event import Event
from shared.events.ga4_items import read_items
from shared.events.ga4_values import URL, found, label, present
from shared.events.kinds import Kind
from shared.events.parse import MAX_PROPERTIES_BYTES
from shared.events.segment_items import Items
from shared.events.segment_values import Payload, bounded, first, length_s, number, text
from shared.events.vocabularies import kind_of, plain
from shared.events.vocabularies.ga4 import GA4
from shared.settings import Settings

SCROLLED = 0.9
"""GA4 sends `scroll` once for a page, when nine tenths of it have been seen (its help, "Enhanced measurement")."""

MAPPED = frozenset(
    [
        "items",
        "value",
        "currency",
        "quantity",
        "session_id",
        "ga_session_id",
        "page_location",
        "page_referrer",
        "search_term",
        "percent_scrolled",
        "campaign",
        "language",
        "category",
        "content_group",
        "decision_id",
        "slot",
    ]
)
"""Parameters that are fields of the Event."""


def read_params(name: str, params: Payload, settings: Settings) -> dict[str, Any]:
    """The Event's fields that the parameters state; those left unstated are None."""
    kind = kind_of(name, GA4, settings.event_names)
    items = read_items(params)
    engaged_ms = number(params.get("engagement_time_msec"))
    return {
        "kind": kind,
        "item_ids": items.ids or None,
        "category": items.category() or label(first(params, "category", "content_group")),
        "value": _amount(params.get("value"), items.worth(kind)),
        "currency": _currency(params.get("currency")),
        "quantity": items.quantity() if items.products else number(params.get("quantity")),
        # On any other event this is the time since the one before it, mostly spent elsewhere: taken for the dwell of
        # the item that was just opened, it would make nearly every view_item a quick exit.
        "dwell_s": engaged_ms / 1_000 if kind == "dwell" and engaged_ms is not None else None,
        "duration_s": items.duration_s() or length_s(first(params, "duration_s", "video_duration")),
        "scroll_depth": _depth(params.get("percent_scrolled")) if kind == "scroll" else None,
        "decision_id": label(params.get("decision_id")),
        "slot": label(params.get("slot")),
        "properties": _properties(name, kind, params, items),
    }


def read_place(params: Payload) -> dict[str, Any]:
    """The context that parameters state."""
    return {
        "page_url": label(params.get("page_location"), URL),
        "referrer": label(params.get("page_referrer"), URL),
        "session_id": label(first(params, "ga_session_id", "session_id")),
        "campaign": label(params.get("campaign")),
        "locale": label(params.get("language")),
    }


def add_user_properties(properties: dict[str, Any], stated: Payload) -> None:
    """Put the person's properties beside the event's, as many as there is room for."""
    room = MAX_PROPERTIES_BYTES - len(msgspec.json.encode(properties)) - len(',"user_properties":{}')
    if (kept := bounded(stated, room)) and "user_properties" not in properties:
        properties["user_properties"] = kept


def unmapped_name(event: Event, settings: Settings) -> str | None:
    """The event's name if neither GA4's vocabulary nor the site's own names know it, for operators to see."""
    name = event.properties.get("event_name")
    if event.kind != "custom" or not isinstance(name, str):
        return None
    key = plain(name)
    known = any(key in vocabulary for vocabulary in GA4) or any(plain(own) == key for own in settings.event_names)
    return None if known else name


def _properties(name: str, kind: Kind, params: Payload, items: Items) -> dict[str, Any]:
    told = present(
        {
            "event_name": text(name) if kind == "custom" else None,
            "query": text(params.get("search_term")),
            "products": items.facts() or None,
        }
    )
    spent = MAPPED | items.consumed | told.keys() | ({"engagement_time_msec"} if kind == "dwell" else set())
    extras = {name: value for name, value in params.items() if name not in spent}
    return told | bounded(extras, MAX_PROPERTIES_BYTES - len(msgspec.json.encode(told)) - len("{},"))


def _amount(stated: Any, worth: float | None) -> Any:
    """The number, also written as text; what is none is left for the Event's check to name."""
    if stated in (None, ""):
        return worth
    read = number(stated)
    return found(stated) if read is None else read


def _currency(stated: Any) -> Any:
    return (stated.strip().upper() or None) if isinstance(stated, str) else None


def _depth(percent: object) -> float:
    scrolled = number(percent)
    return SCROLLED if scrolled is None else scrolled / 100
