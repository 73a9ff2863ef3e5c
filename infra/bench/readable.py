"""The same people and models as documents for the peers: readable ones, field by field, and packed ones of our size."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from google.cloud import firestore

from infra.bench.catalogue import Catalogue
from infra.bench.peers.places import EVENT_IDS, ITEMS, MODELS, PACKED, PEOPLE, SEEN
from infra.bench.people import People
from shared.events.event import Event
from shared.events.kinds import ITEM_KINDS, judge
from shared.profiles import decay
from shared.profiles.cart import cart
from shared.profiles.face import summarise
from shared.profiles.profile import Profile, encode_profile, from_ms

PER_WRITE = 200


def write_models(client: firestore.Client, catalogue: Catalogue) -> None:
    """Items and models of the usual functions."""
    popularity, personas = catalogue.popularity, catalogue.personas
    centroids = zip(personas.names, personas.centroids, strict=True)
    models: dict[str, dict[str, Any]] = {
        "popularity": {
            "version": popularity.version,
            "items": _entries(popularity.items, "score"),
            "categories": {name: _entries(entries, "score") for name, entries in popularity.categories.items()},
        },
        "personas": {
            "version": personas.version,
            "features": personas.features,
            "mean": personas.mean,
            "scale": personas.scale,
            "centroids": [{"name": name, "point": point} for name, point in centroids],
        },
    }
    items = {
        item: {
            "category": catalogue.categories[item],
            "hidden": False,
            "neighbours": _entries(neighbours, "similarity"),
        }
        for item, neighbours in catalogue.neighbours.items()
    }
    write(client, MODELS, models)
    write(client, ITEMS, items)


def readable_people(people: People) -> dict[str, dict[str, Any]]:
    """Profiles as the usual functions keep them."""
    return {
        user: _readable(user, people.profiles[user], list(events), people) for user, events in people.events.items()
    }


def packed_people(people: People) -> dict[str, dict[str, Any]]:
    """Profiles of the floors: as many bytes as ours, which nobody reads, and a count of writes."""
    return {user: {"state": encode_profile(profile), "n": 0} for user, profile in people.profiles.items()}


def write(client: firestore.Client, collection: str, documents: dict[str, dict[str, Any]]) -> None:
    """Replace these documents."""
    names = list(documents)
    for start in range(0, len(names), PER_WRITE):
        batch = client.batch()
        for name in names[start : start + PER_WRITE]:
            batch.set(client.collection(collection).document(name), documents[name])
        batch.commit()


def count_packed(client: firestore.Client) -> int:
    """Writes that the floor's documents have counted."""
    return sum(int(found.get("n") or 0) for found in client.collection(PACKED).select(["n"]).stream())


def count_readable(client: firestore.Client) -> int:
    """Events that the usual documents have counted."""
    found = client.collection(PEOPLE).select(["counts"]).stream()
    return sum(sum((document.to_dict() or {})["counts"].values()) for document in found)


def _readable(user: str, profile: Profile, events: list[Event], people: People) -> dict[str, Any]:
    total = summarise(profile, people.terms.session_cap_ms)
    newest = max(profile.items[-1][0], profile.categories[-1][0]) if profile.items else 0
    return {
        "user_id": user,
        "persona": "",
        "first_seen": from_ms(profile.first_ms),
        "last_seen": from_ms(profile.last_ms),
        "counts": profile.counts,
        "engagement": profile.engagement,
        "revenue": {currency or "-": amount / 1_000 for currency, amount in profile.revenue.items()},
        "sessions": total.number,
        "session_s": total.length_ms / 1_000,
        "pages": total.pages,
        "scored_at": from_ms(newest * profile.half_life_ms),
        "item_scores": decay.values(profile.items),
        "category_scores": decay.values(profile.categories),
        "recent": [{"at": from_ms(act.at_ms), "item_id": act.item_id, "kind": act.kind} for act in profile.recent],
        "seen": _met(events, ITEM_KINDS)[-SEEN:],
        "purchased": _met(events, {"purchase"}),
        "dismissed": _met(events, {"dismiss"}),
        "cart": cart(profile, datetime.now(UTC)),
        "exited": _exited(events),
        "shown": _shown(events),
        "event_ids": [event.event_id for event in events][-EVENT_IDS:],
    }


def _met(events: list[Event], kinds: set[str] | frozenset[str]) -> list[str]:
    return list(dict.fromkeys(item for event in events if event.kind in kinds for item in event.item_ids))


def _exited(events: list[Event]) -> dict[str, datetime]:
    """When each item was left at once."""
    exits = [event for event in events if judge(event.kind, event.dwell_s, event.duration_s) == "quick_exit"]
    return {item: event.occurred_at for event in exits for item in event.item_ids}


def _shown(events: list[Event]) -> dict[str, int]:
    """How often each item was shown since it was met last."""
    found: Counter[str] = Counter()
    for event in events:
        if event.kind == "impression":
            found.update(event.item_ids)
        elif event.kind in ITEM_KINDS:
            for item in event.item_ids:
                del found[item]
    return dict(found)


def _entries(pairs: list[tuple[str, float]], number: str) -> list[dict[str, Any]]:
    return [{"item_id": item, number: value} for item, value in pairs]
