"""Documents: tombstones first, then profiles, journals and the mention of a person in the claims of others' devices."""

from typing import NamedTuple

import msgspec

from forgetting.marks import Marks, Persons, mark
from forgetting.places import Places
from shared.errors import ConflictError, RetryableError
from shared.models.candidates import COLLECTION as CANDIDATES
from shared.profiles import tombstones
from shared.profiles.journal import COLLECTION as JOURNALS
from shared.profiles.profile import from_ms
from shared.profiles.quarantined import COLLECTION as QUARANTINE
from shared.profiles.record import COLLECTION, STANDING, unpack
from shared.profiles.standing import Standing, encode_standing
from shared.stores.ports import Document, Fields, Write

BESIDE = (JOURNALS, QUARANTINE, CANDIDATES)
"""What lies beside a profile under the same key, of nobody who has none."""

ATTEMPTS = 8
ERASED = "erased:"
"""Stands before the mark of an erased user in the claims of a device that is others', too: whose its events are must
not change because one of its users is forgotten."""


class Left(NamedTuple):
    """What a person's document still has of what is to be erased."""

    key: str
    is_theirs: bool
    """The document is theirs; else it only names them."""


async def bury(places: Places, persons: Persons) -> None:
    """Tombstones that never become shorter."""
    for person, until_ms in persons.items():
        if until_ms > await tombstones.erased_ms(places.documents, person):
            await tombstones.bury(places.documents, person, from_ms(until_ms))


async def forget(places: Places, key: str, marks: Marks) -> int:
    """Delete the document and its journal if they are an erased person's, or take their name out of it.

    Returns how many documents were deleted or written. A document that was made after the erasure, and knows of it, is
    somebody new's.
    """
    for _ in range(ATTEMPTS):
        document = await places.documents.get(COLLECTION, key)
        left = look(places, key, document, marks)
        if document is None or left is None:
            return 0
        write = Write(COLLECTION, key, None if left.is_theirs else _unnamed(places, document, marks), document.version)
        try:
            if left.is_theirs:
                for collection in BESIDE:
                    await places.documents.delete(collection, [key])
            else:
                await _bury_pseudonyms(places, document, marks)
            await places.documents.put_all([write])
        except ConflictError:
            continue
        return 1
    raise RetryableError(f"a document was written by others {ATTEMPTS} times while being erased")


def look(places: Places, key: str, document: Document | None, marks: Marks) -> Left | None:
    """What is left in a document, or None."""
    if document is None:
        return None
    standing = unpack(document, places.settings).standing
    if standing.erased_ms < marks.get(mark(key), 0):
        return Left(key, True)
    return Left(key, False) if _named(standing, marks) else None


def _named(standing: Standing, marks: Marks) -> list[str]:
    """The erased users in a device's claims: those who have not come back to it since."""
    users = {*standing.claims, *standing.revoked}
    return [user for user in users if standing.claims.get(user, 0) <= marks.get(mark(f"u:{user}"), -1)]


def pseudonym(user: str) -> str:
    """The name of an erased user in the claims of a device."""
    return f"{ERASED}{mark(f'u:{user}')[:16]}"


async def _bury_pseudonyms(places: Places, document: Document, marks: Marks) -> None:
    """Late events of the device are theirs still, and must not make a profile under that name either."""
    named = _named(unpack(document, places.settings).standing, marks)
    await bury(places, {f"u:{pseudonym(user)}": marks[mark(f"u:{user}")] for user in named})


def _unnamed(places: Places, document: Document, marks: Marks) -> Fields:
    """The document's fields without the names of erased users; the times of their claims stay."""
    standing = unpack(document, places.settings).standing
    names = {user: pseudonym(user) for user in _named(standing, marks)}
    claims = {names.get(user, user): at_ms for user, at_ms in standing.claims.items()}
    revoked = [names.get(user, user) for user in standing.revoked]
    changed = msgspec.structs.replace(standing, claims=claims, revoked=revoked)
    return {**document.fields, STANDING: encode_standing(changed)}
