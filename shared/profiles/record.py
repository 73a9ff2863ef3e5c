"""A person's document as a value: the fold, and what stands beside it."""

from typing import NamedTuple

from shared.profiles.profile import Profile, decode_profile, new_profile
from shared.profiles.standing import Standing, decode_standing
from shared.settings import Settings
from shared.stores.ports import ABSENT, Document

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
    fields = document.fields if document else {}
    state, standing = fields.get(STATE), fields.get(STANDING)
    return Record(
        decode_profile(state) if isinstance(state, bytes) else new_profile(settings.half_life),
        decode_standing(standing) if isinstance(standing, bytes) else Standing(),
        document.version if document else ABSENT,
    )
