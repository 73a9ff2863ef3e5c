"""collect as it is usually written: pydantic, and the publisher client's publish for each event."""

import os
from datetime import datetime
from functools import cache
from typing import Any

import flask
import functions_framework
from google.cloud import pubsub_v1
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError


class Context(BaseModel):
    """Where it happened."""

    page_url: str | None = Field(default=None, max_length=2048)
    referrer: str | None = Field(default=None, max_length=2048)
    device_type: str | None = None
    session_id: str | None = None
    session_duration_s: float | None = None
    campaign: str | None = None
    locale: str | None = None
    user_agent: str | None = None
    source: str | None = None


class Event(BaseModel):
    """What happened."""

    event_id: str = Field(min_length=1, max_length=128)
    kind: str
    occurred_at: AwareDatetime
    received_at: datetime | None = None
    user_id: str | None = Field(default=None, max_length=256)
    anonymous_id: str | None = Field(default=None, max_length=256)
    item_ids: list[str] = []
    category: str | None = None
    value: float | None = None
    currency: str | None = None
    quantity: float | None = None
    dwell_s: float | None = None
    duration_s: float | None = None
    scroll_depth: float | None = Field(default=None, ge=0, le=1)
    context: Context = Field(default_factory=Context)
    decision_id: str | None = None
    slot: str | None = None
    consent: list[str] | None = None
    properties: dict[str, Any] = {}


EVENTS = TypeAdapter(list[Event])


@cache
def publisher() -> pubsub_v1.PublisherClient:
    return pubsub_v1.PublisherClient()


@functions_framework.http
def collect_usual(request: flask.Request) -> tuple[dict[str, Any], int]:
    """POST a list of events."""
    try:
        events = EVENTS.validate_json(request.get_data())
    except ValidationError as error:
        return {"errors": error.errors(include_url=False, include_input=False)}, 400
    topic = f"projects/{os.environ['GOOGLE_CLOUD_PROJECT']}/topics/events"
    sent = [publisher().publish(topic, event.model_dump_json(exclude_none=True).encode()) for event in events]
    for future in sent:
        future.result(timeout=10)
    return {"accepted": len(events)}, 202
