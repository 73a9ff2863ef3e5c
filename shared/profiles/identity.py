"""Whose an anonymous event is. Pure: it depends on which claims there are, never on the order in which they came.

A claim is an event that names both a user and a device (an anonymous id). A device's anonymous events are those of the
user who claimed it first; from the time on at which a second user did, they are the device's own (a shared device).
See infra/decisions/0023.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from shared.events.event import Event, person_key, person_of
from shared.profiles.fold import Terms, is_allowed
from shared.profiles.profile import to_ms
from shared.profiles.standing import Standing

MOST_CLAIMS = 8
"""Claims kept of a device, the earliest; whose it is depends on fewer."""

MOST_USERS = 3
"""A device that more users claim is nobody's: a shop's till, or an id that a template gives to everybody."""


class Share(NamedTuple):
    """Whose a device's anonymous events are: this user's, all of them or those before `until_ms` (0: all)."""

    user_id: str
    until_ms: int


class Change(NamedTuple):
    """What follows from other claims.

    Attributes:
        what: nothing; `take_over`: the device's state becomes part of its first user's; `refold`: events that have
            been folded may now be somebody else's, which only the log can tell.
        users: whose events may be others than before.
    """

    what: Literal["nothing", "take_over", "refold"]
    users: tuple[str, ...] = ()


def claim(device: Standing, user_id: str, at_ms: int) -> bool:
    """Put a claim among the device's, in place. Says whether that changed them."""
    earliest = min(at_ms, device.claims.get(user_id, at_ms))
    claims = sorted((device.claims | {user_id: earliest}).items(), key=lambda entry: (entry[1], entry[0]))
    kept = dict(claims[:MOST_CLAIMS])
    changed = kept != device.claims
    device.claims = kept
    return changed


def share(device: Standing) -> Share | None:
    """Whose the device's anonymous events are; None: its own.

    >>> share(Standing(claims={"ann": 5})), share(Standing(claims={"ann": 5, "bob": 7})), share(Standing())
    (Share(user_id='ann', until_ms=0), Share(user_id='ann', until_ms=7), None)
    """
    if not device.claims:
        return None
    counting = sorted((at_ms, user_id) for user_id, at_ms in device.claims.items() if user_id not in device.revoked)
    if not 0 < len(counting) <= MOST_USERS:
        return None
    return Share(counting[0][1], counting[1][0] if len(counting) > 1 else 0)


def owner(device: Standing, at_ms: int) -> str | None:
    """The user whose an anonymous event of the device at this time is; None: the device's own."""
    shared = share(device)
    return shared.user_id if shared and (not shared.until_ms or at_ms < shared.until_ms) else None


def is_given_away(device: Standing) -> bool:
    """Whether all of the device's anonymous events are a user's."""
    shared = share(device)
    return shared is not None and not shared.until_ms


def change(before: Standing, after: Standing) -> Change:
    """What follows when a device's claims change.

    A device that nobody has ever claimed has exactly its own events in its state: these can be handed over as they are.
    """
    old, new = share(before), share(after)
    if old == new:
        return Change("nothing")
    if not before.claims and is_given_away(after):
        return Change("take_over")
    return Change("refold", tuple(sorted({shared.user_id for shared in (old, new) if shared})))


def copy(device: Standing) -> Standing:
    """The same claims in a value of their own, to be changed and compared."""
    return Standing(claims=dict(device.claims), revoked=list(device.revoked))


def claims_of(events: Iterable[Event], terms: Terms) -> dict[str, Standing]:
    """Anonymous id → the claims that these events make. What may not count claims nothing."""
    devices: dict[str, Standing] = {}
    for event in events:
        if event.user_id is not None and event.anonymous_id is not None and is_allowed(event, terms):
            claim(devices.setdefault(event.anonymous_id, Standing()), event.user_id, to_ms(event.occurred_at))
    return devices


def attribute(events: Iterable[Event], devices: Mapping[str, Standing]) -> dict[str, list[Event]]:
    """Person → their events under these claims; a claimed device is there though nothing may be left to it."""
    people: dict[str, list[Event]] = {person_key(None, anonymous_id): [] for anonymous_id in devices}
    for event in events:
        people.setdefault(_person(event, devices), []).append(event)
    return people


def _person(event: Event, devices: Mapping[str, Standing]) -> str:
    device = devices.get(event.anonymous_id) if event.user_id is None and event.anonymous_id is not None else None
    if device is None:
        return person_of(event)
    return person_key(owner(device, to_ms(event.occurred_at)), event.anonymous_id)
