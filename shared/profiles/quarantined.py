"""Who is in quarantine: a list beside the profiles, so that a training need not read everybody's document.

A name is put on it before the person's document says so, and stays: the list may name too many, the document decides.
"""

from datetime import datetime
from itertools import islice

from shared.profiles.record import COLLECTION as PROFILES
from shared.profiles.record import unpack
from shared.profiles.standing import Standing
from shared.settings import Settings
from shared.stores.ports import Documents

COLLECTION = "quarantine"
BATCH = 100


async def enlist(documents: Documents, person: str, now: datetime) -> None:
    """Put the person on the list. To be done before the write that puts them in quarantine."""
    await documents.merge(COLLECTION, {person: {"since": now}})


async def quarantined(documents: Documents, settings: Settings) -> dict[str, Standing]:
    """Everybody who is in quarantine at present, purged people included."""
    names = iter([person async for person, _ in documents.scan(COLLECTION)])
    found: dict[str, Standing] = {}
    while batch := list(islice(names, BATCH)):
        for person, document in (await documents.get_many(PROFILES, batch)).items():
            standing = unpack(document, settings).standing
            if standing.quarantine is not None:
                found[person] = standing
    return found
