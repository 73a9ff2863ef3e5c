"""Which items a Segment event is about, and what it says of them."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import msgspec

from shared.events.kinds import ITEM_KINDS, Kind
from shared.events.segment_values import Payload, first, identifier, length_s, mapping, number, text

MOST_ITEMS = 100
PRODUCTS_BYTES = 5_000
"""Of the 8 KiB of properties, so that an order's own facts always have room."""

IDS = ("product_id", "productId", "item_id", "itemId", "content_id", "asset_id", "content_asset_id", "video_id")
TEXTS = {
    "sku": ("sku",),
    "name": ("name", "product_name", "itemName", "title"),
    "category": ("category", "genre"),
    "brand": ("brand", "publisher"),
    "variant": ("variant",),
    "published_at": ("published_at", "airdate"),
    "availability": ("availability",),
}
URLS = {"url": ("url",), "image_url": ("image_url", "imageUrl", "image")}
NUMBERS = {
    "price": ("price", "itemPrice"),
    "quantity": ("quantity",),
    "duration_s": ("duration_s", "total_length"),
}
TAGS = ("tags", "keywords")
WORTH: frozenset[Kind] = ITEM_KINDS | {"remove_from_cart"}
"""Kinds whose worth is that of their items, where nothing else is stated; a list that was only shown has none."""

FLAT = frozenset(
    (*IDS, "id", "tags", "keywords", *(name for names in (TEXTS | URLS | NUMBERS).values() for name in names))
)


class Items(msgspec.Struct, frozen=True):
    """The items of an event: their facts, and which of the event's properties said them."""

    products: Sequence[dict[str, Any]] = ()
    consumed: frozenset[str] = frozenset()

    @property
    def ids(self) -> list[Any]:
        """Each id once."""
        return list(dict.fromkeys(product["product_id"] for product in self.products))[:MOST_ITEMS]

    def category(self) -> str | None:
        """The most frequent category, the first of equals."""
        named = Counter(product["category"] for product in self.products if "category" in product)
        return named.most_common(1)[0][0] if named else None

    def quantity(self) -> float | None:
        """Units of an item; for several items the mean. An event weighs on each of its items, so one unit of each of
        ten items is one, not ten."""
        units = [product["quantity"] for product in self.products if "quantity" in product]
        return float(sum(units) / len(units)) if units else None

    def duration_s(self) -> float | None:
        """The length of the one item; of several items none is the event's."""
        return length_s(self.products[0].get("duration_s")) if len(self.products) == 1 else None

    def facts(self) -> list[dict[str, Any]]:
        """As many of the products as fit into PRODUCTS_BYTES, from the first; the ids of all are kept by `ids`."""
        sizes = accumulate(len(msgspec.json.encode(product)) + 1 for product in self.products)
        return [product for product, size in zip(self.products, sizes, strict=True) if size <= PRODUCTS_BYTES]

    def worth(self, kind: Kind) -> float | None:
        """What the items cost together."""
        if kind not in WORTH or not any("price" in product for product in self.products):
            return None
        return float(sum(product.get("price", 0.0) * product.get("quantity", 1.0) for product in self.products))


NO_ITEMS = Items()


def read_items(properties: Payload) -> Items:
    """The items in `products`, in `content_asset_ids`, or described by the properties themselves."""
    if isinstance(listed := properties.get("products"), list):
        found = [_product(mapping(one), listed=True) for one in listed[:MOST_ITEMS]]
        return Items([product for product in found if product], frozenset(("products",)))
    assets = properties.get("content_asset_ids")
    if isinstance(assets, list) and len(assets) != 1:
        ids = [text(asset) for asset in assets[:MOST_ITEMS]]
        return Items([{"product_id": one} for one in ids if one], frozenset(("content_asset_ids",)))
    single = {"content_asset_id": assets[0]} if isinstance(assets, list) else {}
    product = _product({**properties, **single}, listed=False)
    return Items([product], FLAT | {"content_asset_ids"}) if product else Items()


def _product(stated: Payload, listed: bool) -> dict[str, Any] | None:
    """Facts of one item, or None without an id. A bare `id` may be anything's, unless a product's facts stand by."""
    ids = (*IDS, "id", "sku") if listed or "sku" in stated or "price" in stated else IDS
    item_id = identifier(first(stated, *ids))
    if not isinstance(item_id, str):
        return None
    facts: dict[str, Any] = {"product_id": item_id}
    facts |= {fact: text(_one(first(stated, *names))) for fact, names in TEXTS.items()}
    facts |= {fact: text(first(stated, *names), 2_048) for fact, names in URLS.items()}
    facts |= {fact: number(first(stated, *names)) for fact, names in NUMBERS.items()}
    if listed:  # of an item by itself, `position` may be a second of a video
        facts["position"] = number(stated.get("position"))
    tags = first(stated, *TAGS)
    facts["tags"] = [tag for tag in map(text, tags[:50]) if tag] or None if isinstance(tags, list) else text(tags)
    return {fact: value for fact, value in facts.items() if value is not None}


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value
