"""What an event says of its item's nature: brand and tags, that taste is told by."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from shared.events.event import Event
from shared.events.facts import NAMES, TELLING

MOST_TAGS = 8
LONGEST = 64
"""Of a brand or tag so many characters count: what is longer is a text."""


class Traits(NamedTuple):
    """Brand and tags of one item."""

    brand: str | None = None
    tags: tuple[str, ...] = ()


UNKNOWN = Traits()


def read_traits(event: Event) -> Traits:
    """Brand and tags of the event's one item, as `shared.events.facts` would read them; of several, nothing.

    >>> from datetime import datetime, UTC
    >>> said = {"brand": "Acme", "tags": "wool, winter"}
    >>> read_traits(Event(event_id="1", kind="click", occurred_at=datetime.now(UTC), item_ids=("a",), properties=said))
    Traits(brand='Acme', tags=('wool', 'winter'))
    """
    properties = event.properties
    if not properties or len(event.item_ids) != 1 or event.kind not in TELLING:
        return UNKNOWN
    said = _of_product(properties.get("products"), event.item_ids[0])
    brand = _brand(said) or _brand(properties)
    return Traits(brand, _tags(said) or _tags(properties))


def _of_product(products: object, item_id: str) -> Mapping[str, Any]:
    for product in products if isinstance(products, list) else ():
        if isinstance(product, dict) and product.get("product_id") == item_id:
            return product
    return {}


def _brand(said: Mapping[str, Any]) -> str | None:
    return next((word for name in NAMES["brand"] if (word := _word(said.get(name)))), None)


def _tags(said: Mapping[str, Any]) -> tuple[str, ...]:
    for name in NAMES["tags"]:
        if value := said.get(name):
            parts: Iterable[object] = value.split(",") if isinstance(value, str) else value
            found = [_word(part) for part in parts] if isinstance(parts, list) else []
            return tuple(dict.fromkeys(word for word in found if word))[:MOST_TAGS]
    return ()


def _word(value: object) -> str | None:
    """The text if it is one that people could read."""
    word = value.strip() if isinstance(value, str) else ""
    return word if word and len(word) <= LONGEST and word.isprintable() else None
