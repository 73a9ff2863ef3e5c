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

from infra.bench.peers.places import PEOPLE
from infra.bench.peers.usual import Fields, Scores, client, load, model, persona_of
from infra.bench.peers.usual_arrange import allowed, diversify, unwanted
from infra.bench.peers.usual_candidates import (
    anchors,
    best,
    from_categories,
    from_everybody,
    from_neighbours,
    liked_categories,
)
from shared.models.blend import UNLEARNED
from shared.ranking.pool import SPARE
from shared.ranking.propose import PER_ITEM
from shared.ranking.recommend import LOGGED

SHARES: Scores = {str(source): share for source, share in UNLEARNED.items()}
REASONS = {
    "neighbours": "because you viewed {}",
    "category": "popular in {}",
    "popularity": "popular with everyone",
}


@functions_framework.http
def recommend_usual(request: flask.Request) -> flask.Response:
    """GET ?user_id=…&n=…"""
    user_id, n = request.args.get("user_id"), int(request.args.get("n", 10))
    if user_id is None:
        return flask.Response("user_id is missing", 400)
    profile = client().collection(PEOPLE).document(user_id).get().to_dict()
    if profile is None:
        return flask.Response("nobody knows this user", 404)
    recommended, considered, weights = recommend(profile, n)
    answer = {
        "decision_id": uuid4().hex,
        "user_id": user_id,
        "anonymous_id": None,
        "persona": persona_of(profile),
        "propensities": {},
        "items": recommended,
        "model_versions": {name: model(name)["version"] for name in ("popularity", "personas")},
        "degraded": False,
    }
    publish_decision(answer, considered, weights)
    return flask.Response(json.dumps(answer), mimetype="application/json")


@cache
def decisions() -> tuple[Any, str]:
    publisher = pubsub_v1.PublisherClient()
    return publisher, publisher.topic_path(client().project, "decisions")


def publish_decision(answer: Fields, considered: list[Fields], weights: Scores) -> None:
    """What was shown, and what it was chosen from."""
    told = ("item_id", "score", "source", "reason", "probability")
    decision = {
        **answer,
        "decided_at": datetime.now(UTC).isoformat(),
        "context": "home",
        "strategy": "blend",
        "n": len(answer["items"]),
        "features": {"context": "home", "anchors": weights},
        "candidates": considered,
        "items": [
            {"place": place, **{name: item[name] for name in told}} for place, item in enumerate(answer["items"], 1)
        ],
    }
    publisher, topic = decisions()
    publisher.publish(topic, json.dumps(decision).encode())


def recommend(profile: Fields, n: int) -> tuple[list[Fields], list[Fields], Scores]:
    """The n best items that the person may be shown; the best candidates; the items that spoke for the person."""
    weights = anchors(profile)
    items = load(list(weights))
    liked = liked_categories(profile, weights, items)
    sources = {
        "neighbours": from_neighbours(weights, items),
        "category": from_categories(liked),
        "popularity": from_everybody(),
    }
    scores, parts = blend(sources, unwanted(profile), PER_ITEM * n)
    ranked = list(best(scores, len(scores)))
    shown = []
    for item_id in diversify(allowed(ranked, profile["purchased"], n * SPARE), scores, n):
        source = leading(item_id, parts)
        shown.append(line(item_id, scores[item_id], source, because(item_id, source, weights, liked)))
    considered = [
        {"item_id": item_id, "score": round(scores[item_id], 6), "source": leading(item_id, parts)}
        for item_id in ranked[:LOGGED]
    ]
    return shown, considered, weights


def blend(sources: dict[str, Scores], barred: set[str], most: int) -> tuple[Scores, dict[str, Scores]]:
    """Each source's best candidates, scored by what all sources say of them; and what each says."""
    candidates: set[str] = set()
    parts: dict[str, Scores] = {}
    for source, scores in sources.items():
        new = best({item_id: score for item_id, score in scores.items() if item_id not in barred}, most)
        if new:
            candidates.update(new)
            leader = max(new.values())
            parts[source] = {item_id: SHARES[source] * score / leader for item_id, score in scores.items()}
    totals = {item_id: sum(said.get(item_id, 0.0) for said in parts.values()) for item_id in candidates}
    return totals, parts


def leading(item_id: str, parts: dict[str, Scores]) -> str:
    """The source that says most for the item."""
    return max(parts, key=lambda source: parts[source].get(item_id, 0.0))


def because(item_id: str, source: str, weights: Scores, liked: Scores) -> str:
    """What the source goes by."""
    if source == "neighbours":
        items = load(list(weights))
        return max(weights, key=lambda anchor: weights[anchor] * items[anchor]["neighbours"].get(item_id, 0.0))
    if source == "category":
        return next(category for category in liked if item_id in from_categories({category: 1.0}))
    return ""


def line(item_id: str, score: float, source: str, reason: str) -> Fields:
    """What a page needs to show it."""
    items = load([item_id])
    facts = ("name", "category", "url", "image_url", "price", "currency")
    return {
        "item_id": item_id,
        "score": round(score, 6),
        "source": source,
        "reason": REASONS[source].format(reason),
        "rule": None,
        "probability": 1.0,
        **{name: items[item_id].get(name) for name in facts},
    }
