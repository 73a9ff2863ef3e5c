"""recommend as it is usually written: a synchronous function, documents field by field, loops over dictionaries, json.

Its answer is ours. It is fair to it: the models and the items it has met stay in memory, so that a request reads one
document, and the decision is published without waiting.
"""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

import flask
import functions_framework
from google.cloud import pubsub_v1

from infra.bench.peers.places import ITEMS, PEOPLE
from infra.bench.peers.usual import Fields, client, decay, model, persona_of

SHARES = {"neighbours": 0.6, "category": 0.25, "popularity": 0.15}
REASONS = {
    "neighbours": "because you viewed {}",
    "category": "popular in {}",
    "popularity": "popular with everyone",
}
items: dict[str, Fields] = {}


@functions_framework.http
def recommend_usual(request: flask.Request) -> flask.Response:
    """GET ?user_id=…&n=…"""
    user_id, n = request.args.get("user_id"), int(request.args.get("n", 10))
    if user_id is None:
        return flask.Response("user_id is missing", 400)
    profile = client().collection(PEOPLE).document(user_id).get().to_dict() or {}
    answer = {
        "decision_id": uuid4().hex,
        "user_id": user_id,
        "persona": persona_of(profile),
        "items": recommend(profile, n),
        "model_versions": {"popularity": model("popularity").get("version")},
    }
    publisher, topic = decisions()
    publisher.publish(topic, json.dumps({**answer, "decided_at": datetime.now(UTC).isoformat()}).encode())
    return flask.Response(json.dumps(answer), mimetype="application/json")


@cache
def decisions() -> tuple[Any, str]:
    publisher = pubsub_v1.PublisherClient()
    return publisher, publisher.topic_path(client().project, "decisions")


def recommend(profile: Fields, n: int) -> list[Fields]:
    """The n best items that the person has not met."""
    sources = {
        "neighbours": neighbours_of(anchors(profile)),
        "category": popular_in_categories(profile),
        "popularity": {entry["item_id"]: (entry["score"], "") for entry in model("popularity").get("items", [])},
    }
    met = {*profile.get("seen", ()), *profile.get("purchased", ()), *profile.get("dismissed", ())}
    scores: dict[str, float] = {}
    best: dict[str, tuple[float, str, str]] = {}
    for source, candidates in sources.items():
        new = {item_id: found for item_id, found in candidates.items() if item_id not in met}
        most = max((score for score, _ in new.values()), default=1.0)
        for item_id, (score, because) in new.items():
            part = SHARES[source] * score / most
            scores[item_id] = scores.get(item_id, 0.0) + part
            if part > best.get(item_id, (0.0, "", ""))[0]:
                best[item_id] = (part, source, because)
    ranked = sorted(scores, key=lambda item_id: (-round(scores[item_id], 6), item_id))[:n]
    load(ranked)
    return [
        line(item_id, scores[item_id], *best[item_id][1:]) for item_id in ranked if not items[item_id].get("hidden")
    ]


def line(item_id: str, score: float, source: str, because: str) -> Fields:
    return {
        "item_id": item_id,
        "score": round(score, 6),
        "source": source,
        "reason": REASONS[source].format(because),
        "name": items[item_id].get("name"),
        "category": items[item_id].get("category"),
    }


def anchors(profile: Fields) -> dict[str, float]:
    """The items that speak for the person: the strongest interests, then the latest acts."""
    scores = decay(profile.get("item_scores", {}), profile.get("scored_at", datetime.now(UTC)), datetime.now(UTC))
    top = sorted(((score, item_id) for item_id, score in scores.items() if score > 0), key=lambda e: (-e[0], e[1]))[:30]
    weights = {item_id: score / top[0][0] for score, item_id in top}
    for act in reversed(profile.get("recent", [])):
        if len(weights) < 30 and scores.get(act["item_id"], 0.0) >= 0:
            weights.setdefault(act["item_id"], 0.01)
    return weights


def neighbours_of(weights: dict[str, float]) -> dict[str, tuple[float, str]]:
    """Neighbours of the anchors, scored by weight · similarity, and the anchor that adds most."""
    load(list(weights))
    scores: dict[str, float] = {}
    best: dict[str, tuple[float, str]] = {}
    for anchor, weight in weights.items():
        for neighbour in items[anchor].get("neighbours", []):
            item_id, part = neighbour["item_id"], weight * neighbour["similarity"]
            scores[item_id] = scores.get(item_id, 0.0) + part
            if part > best.get(item_id, (0.0, ""))[0]:
                best[item_id] = (part, anchor)
    return {item_id: (score, best[item_id][1]) for item_id, score in scores.items()}


def popular_in_categories(profile: Fields) -> dict[str, tuple[float, str]]:
    """What is popular in the five categories that the person likes best."""
    liked = sorted(profile.get("category_scores", {}).items(), key=lambda entry: (-entry[1], entry[0]))[:5]
    found: dict[str, tuple[float, str]] = {}
    for category, value in liked:
        if value <= 0:
            continue
        for entry in model("popularity").get("categories", {}).get(category, []):
            score = value / liked[0][1] * entry["score"]
            if score > found.get(entry["item_id"], (0.0, ""))[0]:
                found[entry["item_id"]] = (score, category)
    return found


def load(item_ids: list[str]) -> None:
    """Read the items that have not been met yet."""
    missing = [item_id for item_id in item_ids if item_id not in items]
    if missing:
        references = [client().collection(ITEMS).document(item_id) for item_id in missing]
        for snapshot in client().get_all(references):
            items[snapshot.id] = snapshot.to_dict() or {}
