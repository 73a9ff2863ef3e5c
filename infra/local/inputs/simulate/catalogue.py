"""The simulated shop: categories, styles in each, items in each style. The same for every seed."""

from functools import cache
from itertools import accumulate
from typing import NamedTuple

CATEGORIES = ("shoes", "audio", "garden", "kitchen", "books", "cycling", "toys", "films")
STYLES = ("classic", "modern", "playful")
SHELF_ITEMS = 20
ZIPF = 1.0
"""The appeal of the r-th item on a shelf is proportional to 1 / r^ZIPF."""

VIDEO_EVERY = 3
"""Every third item has a video."""

CENTS_BASE = {name: 900 + 1_700 * place for place, name in enumerate(CATEGORIES)}


class Item(NamedTuple):
    """Something that can be seen, liked and bought."""

    item_id: str
    category: str
    style: str
    price: float
    has_video: bool
    url: str


class Shelf(NamedTuple):
    """The items of one style in one category, most appealing first, with their cumulative appeal."""

    items: tuple[Item, ...]
    appeal: tuple[float, ...]


@cache
def shelves() -> dict[tuple[str, str], Shelf]:
    """Every shelf of the shop by category and style."""
    appeal = tuple(accumulate(1 / rank**ZIPF for rank in range(1, SHELF_ITEMS + 1)))
    return {
        (category, style): Shelf(tuple(_item(category, style, rank) for rank in range(SHELF_ITEMS)), appeal)
        for category in CATEGORIES
        for style in STYLES
    }


def _item(category: str, style: str, rank: int) -> Item:
    item_id = f"{category}-{style}-{rank + 1:02d}"
    cents = CENTS_BASE[category] * (1 + STYLES.index(style)) + 137 * (rank * 7 % SHELF_ITEMS)
    return Item(
        item_id, category, style, cents / 100, rank % VIDEO_EVERY == 0, f"https://shop.example/{category}/{item_id}"
    )
