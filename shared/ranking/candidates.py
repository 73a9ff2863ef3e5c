"""Candidates: who might be shown, by which source, and because of what."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from shared.models.items import Item
from shared.models.popularity import PopularityModel
from shared.profiles import decay
from shared.profiles.profile import Profile

Source = Literal["neighbours", "category", "popularity"]

ANCHORS = 30
CATEGORIES = 5


class Candidate(NamedTuple):
    """An item that one source proposes, with that source's own score and what it leans on."""

    item_id: str
    source: Source
    score: float
    because: str


def anchors(profile: Profile) -> dict[str, float]:
    """The items that speak for the person, with their weight in (0, 1]: strongest interests, then the latest acts.

    Weights are relative, so they do not depend on the time of asking.
    """
    totals = decay.values(profile.items)
    chosen = dict(decay.top(totals, ANCHORS))
    most = max(chosen.values(), default=1.0)
    weights = {item_id: value / most for item_id, value in chosen.items()}
    for act in reversed(profile.recent):
        if len(weights) < ANCHORS and totals.get(act.item_id, 0.0) >= 0.0:
            weights.setdefault(act.item_id, 0.01)
    return weights


def from_neighbours(weights: Mapping[str, float], items: Mapping[str, Item]) -> list[Candidate]:
    """Neighbours of the anchors: sum over anchors of weight · similarity; because of the anchor that adds most."""
    scores: dict[str, float] = {}
    best: dict[str, tuple[float, str]] = {}
    for anchor, weight in weights.items():
        for item_id, similarity in items[anchor].neighbours if anchor in items else ():
            part = weight * similarity
            scores[item_id] = scores.get(item_id, 0.0) + part
            if part > best.get(item_id, (0.0, ""))[0]:
                best[item_id] = (part, anchor)
    return [Candidate(item_id, "neighbours", score, best[item_id][1]) for item_id, score in scores.items()]


def from_categories(profile: Profile, model: PopularityModel) -> list[Candidate]:
    """What is popular in the categories the person likes: share of interest · popularity there."""
    liked = decay.top(decay.values(profile.categories), CATEGORIES)
    most = max((value for _, value in liked), default=1.0)
    return [
        Candidate(item_id, "category", value / most * score, category)
        for category, value in liked
        for item_id, score in model.categories.get(category, ())
    ]


def from_popularity(model: PopularityModel) -> Iterable[Candidate]:
    """What is popular with everyone."""
    return (Candidate(item_id, "popularity", score, "") for item_id, score in model.items)
