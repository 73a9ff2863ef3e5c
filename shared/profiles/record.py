"""A person's document as a value: the fold, and what stands beside it."""

from datetime import datetime
from typing import NamedTuple

from shared.profiles import identity
from shared.profiles.face import face
from shared.profiles.profile import Profile, decode_profile, encode_profile, new_profile
from shared.profiles.standing import Standing, decode_standing, encode_standing
from shared.settings import Settings
from shared.stores.ports import ABSENT, Document, Fields, Value

COLLECTION = "profiles"
STATE = "state"
STANDING = "standing"
PACKED = (STATE, STANDING)
"""The fields that `unpack` needs; the others are the readable face."""


class Record(NamedTuple):
    """A document's content and the version that a compare-and-set must name."""

    profile: Profile
    standing: Standing
    version: str


def unpack(document: Document | None, settings: Settings) -> Record:
    """The record of a document; without one, that of a stranger. Raises PermanentError if it is unreadable."""
    standing = document.fields.get(STANDING) if document else None
    return Record(
        read_profile(document, settings),
        decode_standing(standing) if isinstance(standing, bytes) else Standing(),
        document.version if document else ABSENT,
    )


def read_profile(document: Document | None, settings: Settings) -> Profile:
    """The profile of a document, for who needs no more of it; without one, the profile of a stranger."""
    state = document.fields.get(STATE) if document else None
    return decode_profile(state) if isinstance(state, bytes) else new_profile(settings.half_life)


def pack(
    person: str, profile: Profile, standing: Standing, now: datetime, session_cap_ms: int, trace: str | None = None
) -> Fields:
    """The document's fields: the ids, the readable face, the trace of what it is written for, what `unpack` reads."""
    kind, _, name = person.partition(":")
    fields: dict[str, Value] = {"user_id" if kind == "u" else "anonymous_id": name}
    fields |= face(profile, standing.persona, session_cap_ms)
    if standing.quarantine is not None:
        fields["quarantined"] = True
    if identity.is_given_away(standing):
        fields["merged_into"] = identity.owner(standing, 0)
    if trace is not None:
        fields["trace"] = trace
    fields[STATE], fields[STANDING], fields["updated_at"] = encode_profile(profile), encode_standing(standing), now
    return fields
