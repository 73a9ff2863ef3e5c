"""What the parameters of a GA4 event say, whichever way it came: Measurement Protocol, BigQuery export, Firebase."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from shared.errors import PermanentError, Problem
from shared.events.event import Event
from shared.events.kinds import Kind
from shared.events.parse import MAX_PROPERTIES_BYTES
from shared.events.segment_items import MOST_ITEMS, Items
from shared.events.segment_values import Payload, bounded, first, identifier, mapping, number, text
from shared.events.vocabularies import kind_of, plain
from shared.events.vocabularies.ga4 import GA4
from shared.settings import Settings

URL = 2_048
SCROLLED = 0.9
"""GA4 sends `scroll` once for a page, when nine tenths of it have been seen (its help, "Enhanced measurement")."""

ITEM_TEXTS = {
    "name": ("item_name",),
    "category": ("item_category",),
    "brand": ("item_brand",),
    "variant": ("item_variant",),
    "availability": ("availability",),
    "published_at": ("published_at",),
}
ITEM_URLS = {"url": ("url", "item_url"), "image_url": ("image_url", "item_image_url")}
ITEM_NUMBERS = {"price": ("price",), "quantity": ("quantity",), "position": ("index", "item_list_index")}
FLAT_ITEM = frozenset(("item_id", "item_name", "item_category", "item_brand", "item_variant", "price", "quantity"))
"""An event about one item may have its facts among its own parameters: `share`, `select_content`, old Firebase apps."""

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
    items = _items(params)
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


def present(fields: Payload) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None}


def label(value: object, limit: int = 256) -> str | None:
    """A text of GA4's, whose placeholders say nothing.

    >>> label("(not set)"), label("(direct)"), label("spring sale"), label(42)
    (None, None, 'spring sale', '42')
    """
    shown = text(value, limit)
    return None if shown and shown.startswith("(") and shown.endswith(")") else shown


def read_micros(value: object, name: str) -> datetime | None:
    """A time in microseconds since 1970, also as text. Raises PermanentError for anything else but nothing."""
    if value is None:
        return None
    shown = identifier(value)
    if isinstance(shown, str) and shown.isascii() and shown.isdigit() and len(shown) <= 17:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(shown))
    raise PermanentError("invalid", (Problem(name, "microseconds since 1970", found(value)),))


def read_id(value: object, name: str) -> str | None:
    """An id, also one sent as a number. Raises PermanentError for what is no id at all."""
    shown = identifier(value)
    if shown is None or isinstance(shown, str):
        return shown or None
    raise PermanentError("invalid", (Problem(name, "an id", found(value)),))


def found(value: object) -> str:
    """The value as an error shows it: of a list or an object, which may be nested deeper than the stack, its type."""
    return ascii(value)[:40] if isinstance(value, str | int | float) else type(value).__name__


def add_user_properties(properties: dict[str, Any], stated: Payload) -> None:
    """Put the person's properties beside the event's, as many as there is room for."""
    room = MAX_PROPERTIES_BYTES - len(msgspec.json.encode(properties)) - len(',"user_properties":{}')
    if (kept := bounded(stated, room)) and "user_properties" not in properties:
        properties["user_properties"] = kept


def fingerprint(*parts: object) -> str:
    """An id for an event that was sent without one: equal parts, equal id."""
    return f"ga4-{hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:40]}"


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


def _items(params: Payload) -> Items:
    listed = params.get("items")
    if isinstance(listed, list):
        return Items([product for one in listed[:MOST_ITEMS] if (product := _product(mapping(one)))])
    product = _product({name: value for name, value in params.items() if name in FLAT_ITEM})
    return Items([product], FLAT_ITEM) if product else Items()


def _product(stated: Payload) -> dict[str, Any] | None:
    """Facts of one item in the words of Segment's reader; None without an id."""
    item_id = label(stated.get("item_id"))
    if item_id is None:
        return None
    facts: dict[str, Any] = {"product_id": item_id}
    facts |= {fact: label(first(stated, *names)) for fact, names in ITEM_TEXTS.items()}
    facts |= {fact: label(first(stated, *names), URL) for fact, names in ITEM_URLS.items()}
    facts |= {fact: number(first(stated, *names)) for fact, names in ITEM_NUMBERS.items()}
    return present(facts)


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
