"""Popularity: what many people have shown interest in lately, over all, by category, and among those of a persona."""

from functools import cached_property

import msgspec

Ranking = list[tuple[str, float]]
"""(item, score in (0, 1]), best first."""


class Leaning(msgspec.Struct, frozen=True):
    """What people of one persona lean to.

    Attributes:
        items: as in the model, where they like it more or less than all do: relative to their own first.
        rest: the score of any other item, as a share of its score over all.
        trends, trends_rest: likewise.
    """

    items: Ranking
    rest: float
    trends: Ranking = []
    trends_rest: float = 0.0


class PopularityModel(msgspec.Struct, frozen=True, dict=True):
    """Decayed interest summed over people, largest first.

    Attributes:
        items: (item, score), scores in (0, 1], relative to the most popular item.
        categories: the same for the leading categories, each relative to its own first.
        trends: the same where age counts for much.
        personas: what differs from `items` and `trends` among those of a persona.
    """

    version: str
    items: Ranking
    categories: dict[str, Ranking]
    trends: Ranking = []
    personas: dict[str, Leaning] = {}

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

    def among(self, persona: str) -> "PopularityModel":
        """Popularity as people of this persona have it: put together once. Of one that is unknown: over all."""
        return self._among.get(persona, self)

    @cached_property
    def _among(self) -> dict[str, "PopularityModel"]:
        return {name: self._lean(leaning) for name, leaning in self.personas.items()}

    def _lean(self, leaning: Leaning) -> "PopularityModel":
        items = _merged(self.items, leaning.items, leaning.rest)
        trends = _merged(self.trends, leaning.trends, leaning.trends_rest)
        found = PopularityModel(self.version, items, self.categories, trends)
        found.__dict__["shelves"] = self.shelves  # the same for all, and large
        return found


def _merged(over_all: Ranking, own: Ranking, rest: float) -> Ranking:
    scores = {item_id: rest * score for item_id, score in over_all if rest > 0.0} | dict(own)
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
