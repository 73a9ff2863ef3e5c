"""Candidates: who might be shown, by which source, and because of what. Scores are dictionaries from item to number:
with thousands of candidates for an answer, an object for each would cost more than all the rest."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice

from shared.events.kinds import SPILL
from shared.models.blend import Source
from shared.models.items import Item
from shared.profiles import decay
from shared.profiles.memory import item_number
from shared.profiles.profile import Profile

__all__ = ["Source"]

Scores = Mapping[str, float]

NOTHING: Scores = {}

Ranked = Sequence[str]
"""Items, best first."""

ANCHORS = 15
AVERSIONS = 10
CATEGORIES = 3

CONTENT_ANCHORS = 5
"""So many of the anchors, those that speak loudest, ask for what is like them."""

SPARE = 10
"""Few of the best are barred."""

FADE = 3
RETURN_FADE = 4
"""What was met so many items ago speaks half as loud."""

LEAST = 0.01
"""Interest, relative to the strongest, of what has only been met."""

FAINT = 0.1
"""What one anchor adds to one neighbour counts if it is so much of the largest of such parts, or more: most are less,
and change no order."""


def visited(profile: Profile, gap_ms: int) -> list[str]:
    """The items of the visit that the last act belongs to, once for each act, the latest first; as far as the profile
    remembers."""
    items: list[str] = []
    after_ms: int | None = None
    for act in reversed(profile.recent):
        if after_ms is not None and after_ms - act.at_ms >= gap_ms:
            break
        items.append(act.item_id)
        after_ms = act.at_ms
    return items


def latest(profile: Profile) -> list[str]:
    """The items of the last acts, each once, the latest first."""
    return list(dict.fromkeys(act.item_id for act in reversed(profile.recent)))


def anchors(profile: Profile, looking_at: Sequence[str] = ()) -> dict[str, float]:
    """The items that speak for the person, with their weight in [-1, 1]: roots of interest, halved by every third item
    met since, and, as negative weights, what they like least. What is liked comes first.

    Weights are relative, so they do not depend on the time of asking. What is being looked at counts as met last.
    """
    totals, met = decay.values(profile.items), latest(profile)
    before = 2.0 ** (-len(met) / FADE)
    strongest = decay.top(totals, ANCHORS)
    most = strongest[0][1] if strongest else 1.0
    found = {item_id: max(total / most, LEAST) ** 0.5 * before for item_id, total in strongest}
    for place, item_id in enumerate(met):
        if (total := totals.get(item_id, 0.0)) >= 0.0:
            found[item_id] = max(total / most, LEAST) ** 0.5 * 2.0 ** (-place / FADE)
    best = decay.top(found, ANCHORS)
    weights = {item_id: weight / best[0][1] for item_id, weight in best}
    disliked = sorted((value, item_id) for item_id, value in totals.items() if value < 0.0) if weights else ()
    for value, item_id in disliked[:AVERSIONS]:
        weights[item_id] = max(-1.0, value / most)
    return _in_front(looking_at, weights) if looking_at else weights


def _in_front(looking_at: Sequence[str], weights: dict[str, float]) -> dict[str, float]:
    """The weights once these items have been met, too, the first one last; none of them is disliked any more."""
    back = 2.0 ** (-len(looking_at) / FADE)
    rest = {item_id: weight * back for item_id, weight in weights.items() if item_id not in looking_at}
    front = {item_id: 2.0 ** (-place / FADE) for place, item_id in enumerate(dict.fromkeys(looking_at))}
    return {**front, **rest}


def from_neighbours(weights: Scores, items: Mapping[str, Item]) -> dict[str, float]:
    """Neighbours of the anchors: sum over anchors of weight · similarity, of disliked ones times `SPILL`.

    What is only like something disliked is no candidate; nor is what is more like that than like the rest. What is
    `FAINT` is left out.
    """
    near = [(weight * item.nearest, weight, item) for anchor, weight in weights.items() if (item := items.get(anchor))]
    faint = FAINT * max((most for most, _, _ in near), default=0.0)
    scores: dict[str, float] = {}
    get = scores.get
    for most, weight, item in near:  # what is liked comes first
        if weight <= 0.0:
            for item_id, similarity in item.neighbours.items():
                if item_id in scores:
                    scores[item_id] += SPILL * weight * similarity
        elif most >= faint:
            least = faint / weight
            for item_id, similarity in item.neighbours.items():  # the nearest come first
                if similarity < least:
                    break
                scores[item_id] = get(item_id, 0.0) + weight * similarity
    if near and near[-1][1] < 0.0:
        return {item_id: score for item_id, score in scores.items() if score > 0.0}
    return scores


def leading_anchor(item_id: str, weights: Scores, items: Mapping[str, Item]) -> str:
    """Of a neighbour the anchor that adds most to it."""
    leading, most = "", 0.0
    for anchor, weight in weights.items():  # what is liked most comes first
        if weight <= most:  # a similarity is at most 1
            break
        if anchor in items and (part := weight * items[anchor].neighbours.get(item_id, 0.0)) > most:
            leading, most = anchor, part
    return leading


def from_content(weights: Scores, items: Mapping[str, Item]) -> tuple[dict[str, float], dict[str, float]]:
    """What is like the leading anchors by its facts: what few people have met, and what nobody has.

    Sums over anchors of weight · similarity.
    """
    few: dict[str, float] = {}
    unmet: dict[str, float] = {}
    for anchor, weight in islice(weights.items(), CONTENT_ANCHORS):
        if weight > 0.0 and anchor in items:
            for item_id, similarity in items[anchor].alike:
                few[item_id] = few.get(item_id, 0.0) + weight * similarity
            for item_id, similarity in items[anchor].unmet:
                unmet[item_id] = unmet.get(item_id, 0.0) + weight * similarity
    return few, unmet


def likest_anchor(item_id: str, weights: Scores, items: Mapping[str, Item]) -> str:
    """Of what `from_content` has found, the anchor that adds most to it."""
    parts = {
        anchor: weight * similarity
        for anchor, weight in islice(weights.items(), CONTENT_ANCHORS)
        if anchor in items
        for other, similarity in (*items[anchor].alike, *items[anchor].unmet)
        if other == item_id
    }
    return max(parts, key=parts.__getitem__, default="")


def from_next(met: Sequence[str], items: Mapping[str, Item]) -> dict[str, float]:
    """Where people go from the item met last; of those who came to it from the one before, more is believed.

    P(next) = trust · P(next | item, item before) + (1 − trust) · P(next | item), with the trust of I. Witten, T. Bell,
    "The zero-frequency problem", IEEE Transactions on Information Theory 1991, formula C.
    """
    if not met or met[0] not in items:
        return {}
    item = items[met[0]]
    trust, second = item.ways.get(met[1], (0.0, ())) if len(met) > 1 else (0.0, ())
    scores = {item_id: (1.0 - trust) * share for item_id, share in item.next}
    for item_id, share in second:
        scores[item_id] = scores.get(item_id, 0.0) + trust * share
    return scores


def liked_categories(profile: Profile, weights: Scores, items: Mapping[str, Item]) -> dict[str, float]:
    """The categories of the anchors, with their weight in (0, 1]; where none is known, those the person likes best."""
    totals = decay.values(profile.categories)
    found: dict[str, float] = {}
    for anchor, weight in weights.items():
        category = items[anchor].category if anchor in items else None
        if category and weight > 0.0 and totals.get(category, 0.0) >= 0.0:
            found[category] = found.get(category, 0.0) + weight
    liked = decay.top(found or totals, CATEGORIES)
    return {category: value / liked[0][1] for category, value in liked}


def from_categories(liked: Scores, shelves: Mapping[str, Scores]) -> dict[str, float]:
    """What is popular in the categories the person likes: weight · popularity there."""
    scores: dict[str, float] = {}
    for category, weight in reversed([*liked.items()]):  # an item of two categories counts in the one liked more
        shelf = shelves.get(category, NOTHING)
        scores.update(zip(shelf, map(weight.__mul__, shelf.values()), strict=True))
    return scores


def leading_category(item_id: str, liked: Scores, shelves: Mapping[str, Scores]) -> str:
    """Of an item the category for which it was proposed."""
    return next((name for name in liked if item_id in shelves.get(name, NOTHING)), "")


def from_returns(profile: Profile, met: Sequence[str]) -> dict[str, float]:
    """What the person has met before the item met last, unless they dislike it by now: people come back to it."""
    totals = decay.values(profile.items)
    return {
        item_id: 2.0 ** (-place / RETURN_FADE)
        for place, item_id in enumerate(met)
        if place and totals.get(item_id, 0.0) >= 0.0
    }


def from_catalogue(liked: Scores, newest: Sequence[Item]) -> dict[str, float]:
    """Items, the newest first, but those of liked categories before all others and by how much these are liked."""
    scores: dict[str, float] = {}
    for place, item in enumerate(newest):
        weight = liked.get(item.category or "", 0.0)
        scores[item.item_id] = ((1.0 + weight if weight else 0.0) + 1.0 - place / len(newest)) / 3.0
    return scores


def rank(scores: Scores) -> Ranked:
    """The items, best first, ties as they are."""
    return sorted(scores, key=scores.__getitem__, reverse=True)


def best_new(ranked: Ranked, barred: AbstractSet[int], n: int | None) -> Ranked:
    """The first n, or all, that are not barred."""
    if n is None:
        return [item_id for item_id in ranked if item_number(item_id) not in barred]
    reach = n + SPARE
    found = [item_id for item_id in ranked[:reach] if item_number(item_id) not in barred]
    if len(found) < n:
        rest = (item_id for item_id in islice(ranked, reach, None) if item_number(item_id) not in barred)
        found += islice(rest, n - len(found))
    return found[:n]
