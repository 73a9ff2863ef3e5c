"""Candidate documents: for each person who was active lately, what a learner of the whole log would show them.

Made by night, from all the person had done; under the key of their profile. Who has none is not worse off: the items of
a visit propose others by themselves.
"""

from datetime import datetime

import msgspec

from shared.models.relations import Ranking
from shared.stores.ports import Fields

COLLECTION = "candidates"

EXPIRES_AT = "expires_at"
"""From then on the document counts no longer; the field of the database's time-to-live policy."""

pack = msgspec.msgpack.Encoder().encode
"""Ranking → its bytes."""

_decode = msgspec.msgpack.Decoder(Ranking).decode


def pack_candidates(packed: bytes, version: str, expires_at: datetime) -> Fields:
    """The document of a packed ranking. The version is that of the model it was first made with."""
    return {"items": packed, "version": version, EXPIRES_AT: expires_at}


def unpack_candidates(fields: Fields, now: datetime | None = None) -> Ranking:
    """The (item, score in (0, 1]) of a document, best first; none once it has expired."""
    packed, expires_at = fields.get("items"), fields.get(EXPIRES_AT)
    if now is not None and isinstance(expires_at, datetime) and expires_at <= now:
        return []
    return _decode(packed) if isinstance(packed, bytes) else []
