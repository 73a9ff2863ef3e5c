"""Segment's order to forget someone, as it is handed on to the topic `privacy-requests`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from shared.events.event import person_key
from shared.events.parse import is_poisoned
from shared.events.segment_values import first, identifier
from shared.stores.ports import Message
from shared.telemetry import carried

TOPIC = "privacy-requests"
LONGEST_ID = 256


def deletion_message(payload: Mapping[str, Any], requested_at: datetime) -> Message | None:
    """The message that asks to forget the person of a `{"type": "delete"}` payload, or None if it names nobody."""
    user_id, anonymous_id = (identifier(first(payload, name)) for name in ("userId", "anonymousId"))
    if not _is_person(user_id):
        return None
    request = {"user_id": user_id, "requested_at": requested_at, "source": "segment"}
    if _is_person(anonymous_id):
        request["anonymous_id"] = anonymous_id
    return Message(msgspec.json.encode(request), person_key(user_id, None), carried())


def _is_person(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_ID and not is_poisoned(value)
