"""Candidates: who might be shown, by which source, and because of what. Scores are dictionaries from item to number:
with thousands of candidates for an answer, an object for each would cost more than all the rest."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Literal

from shared.events.kinds import SPILL
from shared.models.items import Item
from shared.models.popularity import PopularityModel
from shared.profiles import decay
from shared.profiles.memory import item_number
from shared.profiles.profile import Profile

Source = Literal["neighbours", "category", "popularity"]
Scores = Mapping[str, float]

Ranked = Sequence[tuple[str, float]]
"""Items with their scores, best first."""

ANCHORS = 30
AVERSIONS = 10
CATEGORIES = 5


def anchors(profile: Profile) -> dict[str, float]:
    """The items that speak for the person, with their weight in [-1, 1]: strongest interests, the latest acts, and, as
    negative weights, what they like least.

    Weights are relative to the strongest interest, so they do not depend on the time of asking.
    """
    totals = decay.values(profile.items)
    chosen = dict(decay.top(totals, ANCHORS))
    most = max(chosen.values(), default=1.0)
    weights = {item_id: value / most for item_id, value in chosen.items()}
    for act in reversed(profile.recent):
        if len(weights) >= ANCHORS:
            break
        if totals.get(act.item_id, 0.0) >= 0.0:
            weights.setdefault(act.item_id, 0.01)
    disliked = sorted((value, item_id) for item_id, value in totals.items() if value < 0.0) if weights else ()
    for value, item_id in disliked[:AVERSIONS]:
        weights[item_id] = max(-1.0, value / most)
    return weights


def from_neighbours(weights: Scores, items: Mapping[str, Item]) -> dict[str, float]:
    """Neighbours of the anchors: sum over anchors of weight · similarity, of disliked ones times `SPILL`.

    What is only like something disliked is no candidate; nor is what is more like that than like the rest.
    """
    scores: dict[str, float] = {}
    get = scores.get
    for anchor, weight in weights.items():  # what is liked comes first
        neighbours = items[anchor].neighbours.items() if anchor in items else ()
        if weight > 0.0:
            for item_id, similarity in neighbours:
                scores[item_id] = get(item_id, 0.0) + weight * similarity
        else:
            for item_id, similarity in neighbours:
                if item_id in scores:
                    scores[item_id] += SPILL * weight * similarity
    if weights and weight < 0.0:
        return {item_id: score for item_id, score in scores.items() if score > 0.0}
    return scores


def leading_anchor(item_id: str, weights: Scores, items: Mapping[str, Item]) -> str:
    """Of a neighbour the anchor that adds most to it."""
    parts = {
        anchor: weight * items[anchor].neighbours.get(item_id, 0.0)
        for anchor, weight in weights.items()
        if anchor in items
    }
    return max(parts, key=parts.__getitem__, default="")


def liked_categories(profile: Profile) -> dict[str, float]:
    """The categories the person likes best, with their weight in (0, 1]."""
    liked = decay.top(decay.values(profile.categories), CATEGORIES)
    return {category: value / liked[0][1] for category, value in liked}


def from_categories(liked: Scores, model: PopularityModel) -> dict[str, float]:
    """What is popular in the categories the person likes: weight · popularity there."""
    scores: dict[str, float] = {}
    for category, weight in reversed([*liked.items()]):  # an item of two categories counts in the one liked more
        for item_id, score in model.categories.get(category, ()):
            scores[item_id] = weight * score
    return scores


def leading_category(item_id: str, liked: Scores, model: PopularityModel) -> str:
    """Of an item the category for which it was proposed."""
    return next((name for name in liked if item_id in model.shelves.get(name, ())), "")


def rank(scores: Scores) -> Iterator[tuple[str, float]]:
    """The items with their scores, best first."""
    return ((item_id, scores[item_id]) for item_id in sorted(scores, key=scores.__getitem__, reverse=True))


def best_new(ranked: Iterable[tuple[str, float]], met: AbstractSet[int], n: int | None) -> Ranked:
    """The first n, or all, whose item the person has not seen, bought or dismissed."""
    return list(islice((pair for pair in ranked if item_number(pair[0]) not in met), n))
