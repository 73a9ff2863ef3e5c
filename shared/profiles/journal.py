"""What is folded into a person while their refold is under way: kept beside the document, for the refold to add."""

from collections.abc import Sequence

import msgspec

from shared.errors import RetryableError
from shared.events.event import Event, encode_event
from shared.stores.ports import ABSENT, Document, Documents, Write

COLLECTION = "journals"
MAX_BYTES = 900_000
"""A document holds no more. What comes then is delivered again, after the refold."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode


def read_events(document: Document | None, journal_id: str) -> list[bytes]:
    """The events, as JSON, that were folded since this refold began; what is left of another is none of them."""
    if document is None or document.fields.get("id") != journal_id:
        return []
    events = document.fields.get("events")
    return _decode(events) if isinstance(events, bytes) else []


async def lengthen(documents: Documents, person: str, journal_id: str, events: Sequence[Event]) -> Write:
    """The write that adds these events. Raises RetryableError when there are too many."""
    document = await documents.get(COLLECTION, person)
    packed = _encode([*read_events(document, journal_id), *map(encode_event, events)])
    if len(packed) > MAX_BYTES:
        raise RetryableError("more has happened during a refold than its journal holds")
    version = document.version if document else ABSENT
    return Write(COLLECTION, person, {"id": journal_id, "events": packed}, version)
