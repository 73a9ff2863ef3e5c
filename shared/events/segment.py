"""Segment's payloads → Events: track, identify, page, screen, group, alias, from libraries and from Segment itself."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from shared.errors import PermanentError, Problem
from shared.events.event import Event
from shared.events.kinds import Kind
from shared.events.parse import MAX_PROPERTIES_BYTES, make_event
from shared.events.segment_context import read_consent, read_context
from shared.events.segment_items import NO_ITEMS, read_items
from shared.events.segment_time import read_moment
from shared.events.segment_values import Payload, bounded, first, identifier, mapping, number, text
from shared.events.vocabularies import kind_of, plain
from shared.events.vocabularies.segment import SEGMENT
from shared.settings import Settings

KINDS: Mapping[str, Kind] = {
    "identify": "identify",
    "page": "page_view",
    "screen": "page_view",
    "group": "custom",
    "alias": "alias",
}
AMOUNTS = ("value", "revenue", "total", "subtotal")
MAPPED = frozenset(("value", "currency", "category", "quantity", "decision_id", "slot", "dwell_s", "scroll_depth"))
"""Properties that are fields of the Event; a site's tracking plan may name Attune's own ones."""


def read_segment(payload: Mapping[str, Any], raw: bytes, received_at: datetime, settings: Settings) -> Event:
    """The Event of one payload.

    Args:
        payload: the event as JSON has it; nulls are absent.
        raw: its bytes as received. An event without a messageId is named after them, so that a resend is
            the same.
        received_at: when it arrived here.

    Raises:
        PermanentError: naming every field that keeps it from being an Event.
    """
    payload = mapping(dict(payload))
    call = first(payload, "type", "action")
    kind = _kind(call, payload, settings)
    fields = {
        "event_id": identifier(first(payload, "messageId")) or f"raw-{hashlib.sha256(raw).hexdigest()[:40]}",
        "kind": kind,
        "occurred_at": read_moment(payload, received_at),
        "user_id": identifier(first(payload, "userId", "user_id")),
        "anonymous_id": identifier(first(payload, "anonymousId", "anonymous_id")),
        "context": read_context(payload, settings),
        "consent": read_consent(payload),
    }
    fields |= _alias(payload) if call == "alias" else _subject(call, kind, payload)
    return make_event({name: value for name, value in fields.items() if value is not None}, raw, received_at, settings)


def unmapped_name(payload: Mapping[str, Any], settings: Settings) -> str | None:
    """The name of a track call that neither the vocabularies nor the site's own names know, for operators to see."""
    name = payload.get("event")
    if first(payload, "type", "action") != "track" or not isinstance(name, str):
        return None
    key = plain(name)
    known = any(key in vocabulary for vocabulary in SEGMENT) or any(plain(own) == key for own in settings.event_names)
    return None if known else text(name)


def _kind(call: object, payload: Payload, settings: Settings) -> Kind:
    if call == "track":
        if name := text(payload.get("event")):
            return kind_of(name, SEGMENT, settings.event_names)
        raise PermanentError(
            "invalid", (Problem("event", "the name of what was done", repr(payload.get("event"))[:40]),)
        )
    if isinstance(call, str) and call in KINDS:
        return KINDS[call]
    raise PermanentError("invalid", (Problem("type", f"track, {', '.join(KINDS)}", repr(call)[:40]),))


def _alias(payload: Payload) -> dict[str, Any]:
    """Two ids of one person. The earlier one is the anonymous id, unless it is an address or one is given."""
    previous = identifier(payload.get("previousId"))
    missing = [name for name in ("previousId", "userId") if first(payload, name) is None]
    if missing or not isinstance(previous, str):
        found = "nothing" if missing else type(previous).__name__
        raise PermanentError("invalid", (Problem((missing or ["previousId"])[0], "an id", found),))
    properties = {"previous_id": text(previous)}
    if "@" in previous or first(payload, "anonymousId") or previous == identifier(payload["userId"]):
        return {"properties": properties}
    return {"properties": properties, "anonymous_id": previous}


def _subject(call: object, kind: Kind, payload: Payload) -> dict[str, Any]:
    """What it was about: items, worth, and the rest of its properties."""
    properties = mapping(payload.get("properties"))
    items = NO_ITEMS if _is_advertisement(payload) else read_items(properties)
    currency = (text(properties.get("currency")) or "").upper()
    worth = number(first(properties, *AMOUNTS))
    units = items.quantity() if items.products else number(properties.get("quantity"))
    told = {
        "event_name": text(payload.get("event")) if call == "track" else None,
        "name": text(payload.get("name")),
        "group_id": text(first(payload, "groupId") or mapping(payload.get("context")).get("groupId")),
        "products": items.facts() or None,
    }
    told = {name: value for name, value in told.items() if value is not None}
    traits = {"traits": payload.get("traits")} if call in ("identify", "group") else {}
    extras = {name: value for name, value in properties.items() if name not in MAPPED | items.consumed | told.keys()}
    room = MAX_PROPERTIES_BYTES - len(msgspec.json.encode(told)) - len("{},")
    return {
        "item_ids": items.ids or None,
        "category": text(first(payload, "category") or first(properties, "category")) or items.category(),
        "value": items.worth(kind) if worth is None else worth,
        "currency": currency if len(currency) == 3 and currency.isascii() and currency.isalpha() else None,
        "quantity": units,
        "dwell_s": number(properties.get("dwell_s")),
        "duration_s": items.duration_s(),
        "scroll_depth": number(properties.get("scroll_depth")),
        "decision_id": text(properties.get("decision_id")),
        "slot": text(properties.get("slot")),
        "properties": told | bounded(extras | traits, room),
    }


def _is_advertisement(payload: Payload) -> bool:
    """A video's advertisements have an asset_id, title and publisher, too; they are no items of the site."""
    return plain(text(payload.get("event")) or "").startswith("video ad ")
