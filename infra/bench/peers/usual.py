"""What the functions written the usual way share: one client, models and items kept in memory, times and personas."""

from datetime import UTC, datetime
from functools import cache
from math import sqrt
from typing import Any

from google.cloud import firestore

from infra.bench.peers.places import ITEMS, MODELS

HALF_LIFE_S = 14 * 86_400.0
Fields = dict[str, Any]
Items = dict[str, Fields]
Scores = dict[str, float]

items: Items = {}


@cache
def client() -> firestore.Client:
    return firestore.Client()


@cache
def model(name: str) -> Fields:
    """A model's document, read once for the life of the instance."""
    return client().collection(MODELS).document(name).get().to_dict() or {}


def load(item_ids: list[str]) -> Items:
    """All items in memory, these among them: those that have not been met yet are read."""
    missing = [item_id for item_id in item_ids if item_id not in items]
    if missing:
        references = [client().collection(ITEMS).document(item_id) for item_id in missing]
        for snapshot in client().get_all(references):
            item = snapshot.to_dict() or {}
            neighbours = {entry["item_id"]: entry["similarity"] for entry in item.get("neighbours", [])}
            items[snapshot.id] = {**item, "neighbours": neighbours}
    return items


def decay(scores: dict[str, float], scored_at: datetime, now: datetime) -> dict[str, float]:
    """Scores as of now."""
    factor = 0.5 ** ((now - scored_at).total_seconds() / HALF_LIFE_S)
    return {name: score * factor for name, score in scores.items()}


def persona_of(profile: Fields) -> str:
    """The persona whose centroid is nearest."""
    personas = model("personas")
    if not personas or not profile.get("sessions"):
        return "newcomer"
    features = features_of(profile)
    point = [
        (features[name] - mean) / scale
        for name, mean, scale in zip(personas["features"], personas["mean"], personas["scale"], strict=True)
    ]
    best, nearest = "newcomer", float("inf")
    for centroid in personas["centroids"]:
        distance = sqrt(sum((x - c) ** 2 for x, c in zip(point, centroid["point"], strict=True)))
        if distance < nearest:
            best, nearest = centroid["name"], distance
    return best


def features_of(profile: Fields) -> dict[str, float]:
    """What personas are told by."""
    sessions, acts = max(1, profile["sessions"]), profile["engagement"]
    active, high_intent = acts.get("active", 0), acts.get("high_intent", 0)
    return {
        "avg_session_s": profile["session_s"] / sessions,
        "pages_per_session": profile["pages"] / sessions,
        "page_views": profile["pages"],
        "high_intent": high_intent,
        "active": (active + high_intent) / max(1, sum(acts.values())),
        "sessions": profile["sessions"],
        "recency_days": (datetime.now(UTC) - profile["last_seen"]).total_seconds() / 86_400,
    }
