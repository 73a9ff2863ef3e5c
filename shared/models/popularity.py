"""Popularity: what many people have shown interest in lately, over all and by category."""

from functools import cached_property

import msgspec


class PopularityModel(msgspec.Struct, frozen=True, dict=True):
    """Decayed interest summed over people, largest first.

    Attributes:
        items: (item, score), scores in (0, 1], relative to the most popular item.
        categories: the same for the leading categories, each relative to its own first.
        trends: the same where age counts for much.
    """

    version: str
    items: list[tuple[str, float]]
    categories: dict[str, list[tuple[str, float]]]
    trends: list[tuple[str, float]] = []

    @cached_property
    def scores(self) -> dict[str, float]:
        """`items` as a dictionary."""
        return dict(self.items)

    @cached_property
    def trend_scores(self) -> dict[str, float]:
        """`trends` as a dictionary."""
        return dict(self.trends)

    @cached_property
    def shelves(self) -> dict[str, frozenset[str]]:
        """The items of each category."""
        return {name: frozenset(item_id for item_id, _ in ranking) for name, ranking in self.categories.items()}
