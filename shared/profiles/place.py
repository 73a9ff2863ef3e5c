"""Where an event belongs: to the person in whose group it is, to somebody else, or nowhere."""

from collections.abc import Sequence

from shared.events.event import Event, person_key
from shared.profiles import identity
from shared.profiles.draft import Draft
from shared.profiles.groups import Moved, Outcome
from shared.profiles.profile import to_ms
from shared.profiles.standing import Standing


def claims_wanted(user: Standing, events: Sequence[Event]) -> dict[str, list[int]]:
    """Anonymous id → times at which these events of a user claim it, where the user's document does not know it yet."""
    wanted: dict[str, list[int]] = {}
    for event in events:
        if event.user_id is not None and event.anonymous_id is not None:
            at_ms, link = to_ms(event.occurred_at), user.merged.get(event.anonymous_id)
            if at_ms > user.erased_ms and (link is None or at_ms < link.claimed_ms):
                wanted.setdefault(event.anonymous_id, []).append(at_ms)
    return wanted


def place(event: Event, person: str, standing: Standing, draft: Draft) -> Outcome | Moved | None:
    """What becomes of the event without a fold; None: it is to be folded into the person.

    An event of an erased person, and one of an erased device, does not count if it occurred by then.
    """
    at_ms = to_ms(event.occurred_at)
    if at_ms <= standing.erased_ms:
        return "erased"
    if event.user_id is None:
        device = person_key(None, event.anonymous_id)
        elsewhere = _owner(at_ms, standing) if person == device else _device(event, at_ms, standing)
        if elsewhere is not None:
            return elsewhere
    elif event.anonymous_id is not None and at_ms <= draft.erased_ms(person_key(None, event.anonymous_id)):
        return "erased"
    return "quarantined" if standing.quarantine is not None else None


def _owner(at_ms: int, device: Standing) -> Outcome | Moved | None:
    """Seen from the device. In quarantine its events count for nobody, whoever has claimed it."""
    if device.quarantine is not None:
        return "quarantined"
    user_id = identity.owner(device, at_ms)
    return Moved(person_key(user_id, None)) if user_id is not None else None


def _device(event: Event, at_ms: int, user: Standing) -> Moved | None:
    """Seen from the user to whom the device sent it: others may have claimed the device since."""
    link = user.merged.get(event.anonymous_id or "")
    if link is None or (link.until_ms and at_ms >= link.until_ms):
        return Moved(person_key(None, event.anonymous_id))
    return None
