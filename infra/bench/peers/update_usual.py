"""update_profile as it is usually written: a CloudEvent function, one transaction, documents field by field."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import functions_framework
from cloudevents.http.event import CloudEvent
from google.cloud import firestore

from infra.bench.peers.places import EVENT_IDS, PEOPLE, RECENT, SEEN
from infra.bench.peers.usual import Fields, client, decay, persona_of
from shared.events.kinds import ITEM_KINDS, Engagement, weigh

GAP = timedelta(minutes=30)


@functions_framework.cloud_event
def update_usual(cloud_event: CloudEvent) -> None:
    """A Pub/Sub message with an event."""
    event = json.loads(base64.b64decode(cloud_event.data["message"]["data"]))
    reference = client().collection(PEOPLE).document(event["user_id"])
    apply(client().transaction(), reference, event)


@firestore.transactional
def apply(transaction: firestore.Transaction, reference: firestore.DocumentReference, event: Fields) -> None:
    """Read, change, write."""
    profile: Fields = reference.get(transaction=transaction).to_dict() or {}
    if event["event_id"] in profile["event_ids"]:
        return
    change(profile, event, datetime.fromisoformat(event["occurred_at"]))
    profile["persona"] = persona_of(profile)
    transaction.set(reference, profile)


def change(profile: Fields, event: Fields, at: datetime) -> None:
    """The event's effect on the profile, in place."""
    kind = event["kind"]
    weight, engagement = weigh(kind, event.get("dwell_s"), event.get("scroll_depth"), event.get("quantity"))
    profile["event_ids"] = [*profile["event_ids"], event["event_id"]][-EVENT_IDS:]
    tally(profile["counts"], kind)
    add_interest(profile, event, weight, at)
    for item_id in event.get("item_ids", ()):
        if kind in ITEM_KINDS:
            remember(profile["seen"], item_id)
            profile["recent"] = [*profile["recent"], {"at": at, "item_id": item_id, "kind": kind}][-RECENT:]
        if kind == "purchase":
            remember(profile["purchased"], item_id)
        if kind == "dismiss":
            remember(profile["dismissed"], item_id)
    if kind == "purchase" and event.get("value") is not None:
        currency = event.get("currency") or "-"
        profile["revenue"][currency] = profile["revenue"].get(currency, 0.0) + event["value"]
    if engagement != "none":
        visit(profile, kind, engagement, at)


def add_interest(profile: Fields, event: Fields, weight: float, at: datetime) -> None:
    now = max(at, profile["scored_at"])
    for name in ("item_scores", "category_scores"):
        profile[name] = decay(profile[name], profile["scored_at"], now)
    profile["scored_at"] = now
    for item_id in event.get("item_ids", ()):
        profile["item_scores"][item_id] = profile["item_scores"].get(item_id, 0.0) + weight
    if category := event.get("category"):
        profile["category_scores"][category] = profile["category_scores"].get(category, 0.0) + weight


def visit(profile: Fields, kind: str, engagement: Engagement, at: datetime) -> None:
    """Recency and sessions."""
    tally(profile["engagement"], engagement)
    silence = at - profile["last_seen"]
    if silence > GAP:
        profile["sessions"] += 1
    elif silence > timedelta(0):
        profile["session_s"] += silence.total_seconds()
    if kind == "page_view":
        profile["pages"] += 1
    profile["last_seen"] = max(profile["last_seen"], at)


def tally(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


def remember(items: list[Any], item_id: str) -> None:
    if item_id not in items:
        items.append(item_id)
        del items[:-SEEN]
