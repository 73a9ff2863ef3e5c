"""Candidates of recommend as they are usually found: dictionaries of scores, filled by loops over documents' fields."""

from datetime import UTC, datetime

from infra.bench.peers.usual import Fields, Items, Scores, decay, model
from shared.events.kinds import SPILL
from shared.models.popularity import SHELF
from shared.ranking.candidates import ANCHORS, AVERSIONS, CATEGORIES, FADE, FAINT
from shared.ranking.candidates import LEAST as ONLY_MET


def anchors(profile: Fields) -> Scores:
    """The items that speak for the person, what is liked first; what is disliked has a negative weight."""
    scores = decay(profile["item_scores"], profile["scored_at"], datetime.now(UTC))
    met = latest(profile)
    liked = best({item_id: score for item_id, score in scores.items() if score > 0}, ANCHORS)
    most = max(liked.values(), default=1.0)
    weights = {}
    for item_id in [*liked, *met]:
        score = scores.get(item_id, 0.0)
        if score >= 0:
            back = met.index(item_id) if item_id in met else len(met)
            weights[item_id] = max(score / most, ONLY_MET) ** 0.5 * 2 ** (-back / FADE)
    weights = relative(best(weights, ANCHORS))
    if weights:
        for item_id in sorted(scores, key=lambda item_id: (scores[item_id], item_id))[:AVERSIONS]:
            if scores[item_id] < 0:
                weights[item_id] = max(-1.0, scores[item_id] / most)
    return weights


def latest(profile: Fields) -> list[str]:
    """The items of the last acts, the latest first."""
    found: list[str] = []
    for act in reversed(profile["recent"]):
        if act["item_id"] not in found:
            found.append(act["item_id"])
    return found


def from_neighbours(weights: Scores, items: Items) -> Scores:
    """Neighbours of the anchors: the sum of weight · similarity."""
    parts = [weight * max(items[anchor]["neighbours"].values(), default=0.0) for anchor, weight in weights.items()]
    faint = FAINT * max(parts, default=0.0)
    scores: Scores = {}
    for anchor, weight in weights.items():
        for item_id, similarity in items[anchor]["neighbours"].items():
            part = weight * similarity
            if weight > 0 and part >= faint:
                scores[item_id] = scores.get(item_id, 0.0) + part
            elif weight < 0 and item_id in scores:
                scores[item_id] += SPILL * part
    return {item_id: score for item_id, score in scores.items() if score > 0}


def liked_categories(profile: Fields, weights: Scores, items: Items) -> Scores:
    """The categories of the anchors, or those that the person has cared for."""
    scores = profile["category_scores"]
    found: Scores = {}
    for anchor, weight in weights.items():
        category = items[anchor].get("category")
        if category and weight > 0 and scores.get(category, 0.0) >= 0:
            found[category] = found.get(category, 0.0) + weight
    liked = found or {category: score for category, score in scores.items() if score > 0}
    return relative(best(liked, CATEGORIES))


def from_categories(liked: Scores) -> Scores:
    """What is popular in these categories."""
    scores: Scores = {}
    for category, weight in liked.items():
        for entry in model("popularity")["categories"].get(category, [])[:SHELF]:
            if entry["item_id"] not in scores:
                scores[entry["item_id"]] = weight * entry["score"]
    return scores


def from_everybody() -> Scores:
    """What is popular over all."""
    return {entry["item_id"]: entry["score"] for entry in model("popularity")["items"]}


def best(scores: Scores, n: int) -> Scores:
    """The n best, the best first."""
    ranked = sorted(scores, key=lambda name: (-scores[name], name))[:n]
    return {name: scores[name] for name in ranked}


def relative(scores: Scores) -> Scores:
    """As shares of the largest."""
    most = max(scores.values(), default=1.0)
    return {name: score / most for name, score in scores.items()}
