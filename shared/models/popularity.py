"""Popularity: what many people have shown interest in lately, over all and by category."""

import msgspec


class PopularityModel(msgspec.Struct, frozen=True):
    """Decayed interest summed over people, largest first.

    Attributes:
        items: (item, score), scores in (0, 1], relative to the most popular item.
        categories: the same for the leading categories, each relative to its own first.
    """

    version: str
    items: list[tuple[str, float]]
    categories: dict[str, list[tuple[str, float]]]
