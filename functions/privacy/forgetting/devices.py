"""Which devices are a person's, and until when: by the claims that their documents and the log have."""

import asyncio
from collections.abc import Iterable, Mapping

from forgetting import log
from forgetting.documents import ERASED
from forgetting.places import Places
from shared.profiles import identity
from shared.profiles.record import COLLECTION, unpack
from shared.profiles.standing import Standing
from shared.settings import Settings
from shared.stores.ports import Document

Devices = dict[str, Standing]
"""Key of a device → its claims."""


async def linked(places: Places, person: str, more: Iterable[str] = ()) -> Devices:
    """The devices that the person's document names, and `more`, with the claims that their documents have."""
    document = await places.documents.get(COLLECTION, person)
    merged = unpack(document, places.settings).standing.merged if document else {}
    own = [person] if person.startswith("a:") else []
    keys = sorted({*(f"a:{device}" for device in merged), *more, *own})
    return claims_in(await places.documents.get_many(COLLECTION, keys), keys, places.settings)


async def logged(places: Places, person: str, known: Iterable[str], until_ms: int) -> Devices:
    """The devices that the log has seen the person with by then, and the known ones, with the log's claims."""
    kind, _, name = person.partition(":")
    users, devices = ([name], []) if kind == "u" else ([], [name])
    devices += [key[2:] for key in known]
    found: Devices = {}
    for claim in await asyncio.to_thread(log.claims, places.warehouse, users, devices):
        if f"u:{claim.user}" != person or claim.first_ms <= until_ms:
            identity.claim(found.setdefault(f"a:{claim.device}", Standing()), claim.user, claim.first_ms)
    return found


def claims_in(documents: Mapping[str, Document], keys: Iterable[str], settings: Settings) -> Devices:
    """The claims of these devices; those without a document have none."""
    return {key: unpack(documents.get(key), settings).standing for key in keys}


def joined(one: Devices, other: Mapping[str, Standing]) -> Devices:
    """What both know of claims."""
    found = {key: identity.copy(device) for key, device in one.items()}
    for key, device in other.items():
        for user, at_ms in device.claims.items():
            identity.claim(found.setdefault(key, Standing()), user, at_ms)
    return found


def theirs(person: str, devices: Devices, until_ms: int) -> dict[str, int]:
    """The person, the devices that are theirs alone, and their shares of others, each with until when."""
    found = {person: until_ms}
    for key, device in devices.items() if person.startswith("u:") else ():
        shared = identity.share(device)
        if not {f"u:{user}" for user in (*device.claims, *device.revoked)} - {person}:
            found[key] = until_ms
        elif shared is not None and f"u:{shared.user_id}" == person:
            found[share_of(key)] = min(until_ms, shared.until_ms - 1) if shared.until_ms else until_ms
    return found


def share_of(device: str) -> str:
    """The key of a share of the device."""
    return f"s:{device[2:]}"


def owners(person: str, devices: Devices) -> list[str]:
    """The users whose profiles may count events of this device, if the person is one."""
    known = devices[person].claims if person in devices else {}
    return [f"u:{user}" for user in known if not user.startswith(ERASED)]
