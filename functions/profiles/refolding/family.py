"""Who must be folded together: whoever counts, or may have counted, the same events."""

from collections.abc import Iterable, Mapping, Sequence

from refolding.log import Claim
from shared.events.event import Event, person_key
from shared.profiles import identity
from shared.profiles.standing import Standing

Devices = Mapping[str, Standing]
"""Key of a device → the claims on it."""

People = frozenset[str]


def read_devices(claims: Sequence[Claim], standings: Mapping[str, Standing]) -> dict[str, Standing]:
    """Each claimed device as the log has it, its revocations as its document has them."""
    found: dict[str, Standing] = {}
    for user_id, anonymous_id, first_ms in claims:
        key = person_key(None, anonymous_id)
        if key not in found:
            found[key] = Standing(revoked=standings[key].revoked if key in standings else [])
        identity.claim(found[key], user_id, first_ms)
    return found


def widen(asked: Iterable[str], found: Iterable[str], claims: Sequence[Claim], devices: Devices) -> set[str]:
    """The people found so far, with every device that one of them owns and every owner of such a device.

    Whoever was asked for may also count events that are no longer theirs, or lack some that are: so of a device all who
    have claimed it, and of a user all devices that they have claimed. Beyond that a family is a user with their
    devices, however many people have used a device.
    """
    asked, wider = set(asked), set(found)
    for user_id, anonymous_id, _ in claims:
        both = {person_key(user_id, None), person_key(None, anonymous_id)}
        wider |= both if both & asked else set()
    for device, standing in devices.items():
        if (owner := _owner(standing)) and (device in wider or owner in wider):
            wider |= {device, owner}
    return wider


def split(people: Iterable[str], devices: Devices) -> list[People]:
    """The people as families: each user with their devices."""
    families = {person: {person} for person in people}
    for device, standing in devices.items():
        owner = _owner(standing)
        if owner in families and device in families:
            families[owner].add(device)
            del families[device]
    return [frozenset(family) for family in families.values()]


def _owner(device: Standing) -> str | None:
    share = identity.share(device)
    return person_key(share.user_id, None) if share else None


def divide(events: Iterable[Event], families: Iterable[People]) -> dict[People, list[Event]]:
    """Family → the events that name one of its members."""
    family_of = {person: people for people in families for person in people}
    found: dict[People, list[Event]] = {people: [] for people in families}
    for event in events:
        named = (person_key(event.user_id, None), person_key(None, event.anonymous_id))
        for people in {family_of[person] for person in named if person in family_of}:
            found[people].append(event)
    return found
