"""Popularity: what many people have shown interest in lately, over all, by category, and among those of a persona."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec

SHELF = 50
"""So many of a category are candidates for whoever likes it."""

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
    def ranked(self) -> list[str]:
        """The items, best first."""
        return [*self.scores]

    @cached_property
    def scores(self) -> dict[str, float]:
        """`items` as a dictionary."""
        return dict(self.items)

    @cached_property
    def trend_scores(self) -> dict[str, float]:
        """`trends` as a dictionary."""
        return dict(self.trends)

    @cached_property
    def shelves(self) -> dict[str, dict[str, float]]:
        """The first `SHELF` of each of the `categories`, as dictionaries."""
        return {name: dict(ranking[:SHELF]) for name, ranking in self.categories.items()}

    def whole_shelves(self, names: Iterable[str]) -> dict[str, dict[str, float]]:
        """All that is known of these categories, likewise."""
        return {name: dict(self.categories[name]) for name in names if name in self.categories}

    def among(self, persona: str) -> "Among":
        """What is popular among people of this persona. Of one that is unknown: nothing, and trends over all."""
        return self._among.get(persona) or self._among_all

    @cached_property
    def _among_all(self) -> "Among":
        return Among([], {}, [*self.trend_scores], self.trend_scores)

    @cached_property
    def _among(self) -> dict[str, "Among"]:
        return {name: self._lean(leaning) for name, leaning in self.personas.items()}

    def _lean(self, leaning: Leaning) -> "Among":
        scores = _merged(self.items, leaning.items, leaning.rest)
        trends = _merged(self.trends, leaning.trends, leaning.trends_rest)
        return Among([*scores], scores, [*trends], trends)


class Among(NamedTuple):
    """Popularity and trends among people of one persona: the items, best first, and their scores."""

    ranked: Sequence[str]
    scores: Mapping[str, float]
    trends: Sequence[str]
    trend_scores: Mapping[str, float]


def _merged(over_all: Ranking, own: Ranking, rest: float) -> dict[str, float]:
    scores = {item_id: rest * score for item_id, score in over_all if rest > 0.0} | dict(own)
    return dict(sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])))
