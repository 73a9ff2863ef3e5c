"""Facts of items that events carry along: the page that tells of a view knows what was viewed."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from shared.events.event import Event
from shared.events.kinds import ITEM_KINDS, Kind
from shared.models.facts import TYPES, ItemFacts, flaws, settled

TELLING: frozenset[Kind] = ITEM_KINDS | {"remove_from_cart", "dismiss", "impression"}
"""Kinds whose properties are those of the item. A page view's name and address are the page's, a search's category is
what was looked for, and whatever a site calls its own events is not the name of an item."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "title"),
    "category": ("category",),
    "brand": ("brand",),
    "price": ("price",),
    "currency": ("currency",),
    "url": ("url",),
    "image_url": ("image_url", "image"),
    "tags": ("tags",),
    "published_at": ("published_at",),
    "duration_s": ("duration_s",),
    "availability": ("availability",),
}
"""Fact → properties that state it, the first that does. `hidden`, `expires_at` and `repeatable` are the catalogue's
alone: whoever may send events could otherwise take items out of everyone's recommendations, or put them back."""

Plain = str | int | float | tuple[str, ...]
Hearsay = dict[str, Plain]
"""Facts as an event has them, not yet checked."""


def hearsay(event: Event) -> Iterator[tuple[str, Hearsay]]:
    """(item, what the event says of it); of an item of which it says nothing, nothing."""
    if event.kind not in TELLING or not event.item_ids:
        return
    found: dict[str, Hearsay] = {}
    if len(event.item_ids) == 1:
        found[event.item_ids[0]] = _own(event) | _read(event.properties)
    products = event.properties.get("products")
    for product in products if isinstance(products, list) else ():
        item_id = product.get("product_id") if isinstance(product, dict) else None
        if isinstance(item_id, str) and item_id in event.item_ids:
            found[item_id] = found.get(item_id, {}) | _read(product)
    for item_id, said in found.items():
        if "price" in said and "currency" not in said and event.currency:
            said["currency"] = event.currency
        if said:
            yield item_id, said


def check(item_id: str, said: Hearsay, event: Event) -> ItemFacts | None:
    """Those of the facts that can be believed, as of when the event happened; None if there are none.

    The rest is left out without a word: it was sent for the event's sake, and the event is good.
    """
    sound: dict[str, Any] = {}
    for name, value in said.items():
        try:
            fact = msgspec.convert(_normal(name, value), TYPES[name], strict=False)
        except msgspec.ValidationError:
            continue
        if fact is not None and not any(flaws(name, fact)):
            sound[name] = fact
    if not sound:
        return None
    return settled(ItemFacts(item_id=item_id, stated_at=event.occurred_at, **sound), event.occurred_at)


def _own(event: Event) -> Hearsay:
    stated = {"category": event.category, "duration_s": event.duration_s}
    return {name: value for name, value in stated.items() if value}


def _read(properties: Mapping[str, Any]) -> Hearsay:
    found: Hearsay = {}
    for fact, names in NAMES.items():
        for name in names:
            if (value := _plain(properties.get(name))) is not None:
                found[fact] = value
                break
    return found


def _plain(value: object) -> Plain | None:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, list):
        return tuple(str(one) for one in value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _normal(name: str, value: Plain) -> Plain:
    """Spellings that senders use of what has one form here."""
    if not isinstance(value, str):
        return value
    if name == "tags":
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if name == "published_at" and len(value) == len("2026-01-31"):
        return f"{value}T00:00:00Z"
    if name == "availability":  # schema.org's InStock, with or without its address; Merchant Center's in_stock
        bare = value.rpartition("/")[2].lower()
        return AVAILABILITY.get("".join(filter(str.isalpha, bare)), value)
    return value


AVAILABILITY = {
    "".join(filter(str.isalpha, name)): name
    for name in ("in_stock", "out_of_stock", "preorder", "backorder", "discontinued")
}
