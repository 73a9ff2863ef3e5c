"""The items of a GA4 event, in the words of Segment's reader."""

from typing import Any

from shared.events.ga4_values import URL, label, present
from shared.events.segment_items import MOST_ITEMS, Items
from shared.events.segment_values import Payload, first, mapping, number

ITEM_TEXTS = {
    "name": ("item_name",),
    "category": ("item_category",),
    "brand": ("item_brand",),
    "variant": ("item_variant",),
    "availability": ("availability",),
    "published_at": ("published_at",),
}
ITEM_URLS = {"url": ("url", "item_url"), "image_url": ("image_url", "item_image_url")}
ITEM_NUMBERS = {
    "price": ("price",),
    "quantity": ("quantity",),
    "position": ("index", "item_list_index"),
    "duration_s": ("duration_s",),
}
FLAT_ITEM = frozenset(("item_id", "item_name", "item_category", "item_brand", "item_variant", "price", "quantity"))
"""An event about one item may have its facts among its own parameters: `share`, `select_content`, old Firebase apps."""


def read_items(params: Payload) -> Items:
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
