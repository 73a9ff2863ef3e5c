"""The events of a family as the profiles of its members: attributed, each once, folded in the order of time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from shared.events.event import Event, person_key
from shared.profiles import identity
from shared.profiles.fold import Terms, fold
from shared.profiles.profile import Profile, new_profile, to_ms
from shared.profiles.standing import Standing
from shared.settings import Settings


def read_claims(events: Iterable[Event], standings: Mapping[str, Standing], terms: Terms) -> dict[str, Standing]:
    """Anonymous id → its claims, of the events and of the documents, for every device among these people."""
    devices = identity.claims_of((event for event in events if not is_erased(event, standings)), terms)
    for person, standing in standings.items():
        kind, _, name = person.partition(":")
        if kind == "a":
            known = devices.setdefault(name, Standing())
            known.revoked = list(standing.revoked)
            for user_id, at_ms in standing.claims.items():
                identity.claim(known, user_id, at_ms)
    return {name: device for name, device in devices.items() if person_key(None, name) in standings}


class Family:
    """Profiles folded from nothing, to which the events that come meanwhile are added.

    What was folded is folded again only if an event comes that is earlier, or if other claims or standings change whose
    it is: a swap that comes second to an event is then tried again at once.
    """

    def __init__(self, terms: Terms, settings: Settings) -> None:
        self._terms = terms
        self._settings = settings
        self._basis: object = None
        self._folded: dict[str, dict[str, Event]] = {}
        self.profiles: dict[str, Profile] = {}
        """Of everyone whom the events belong to, members or not."""

    def fold(self, events: Sequence[Event], devices: Mapping[str, Standing], standings: Mapping[str, Standing]) -> None:
        """Fold those of the events that have not been folded yet."""
        people = identity.attribute(events, devices)
        basis = _basis(devices, standings)
        if basis != self._basis:
            self._basis, self._folded, self.profiles = basis, {}, {}
        for person, theirs in people.items():
            self._fold(person, theirs, standings)

    def _fold(self, person: str, events: Iterable[Event], standings: Mapping[str, Standing]) -> None:
        known = self._folded.setdefault(person, {})
        fresh: dict[str, Event] = {}
        for event in sorted(events, key=_heard):  # of an event that came twice the first counts
            if event.event_id not in known:
                fresh.setdefault(event.event_id, event)
        if known and fresh and min(map(_in_time, fresh.values())) < max(map(_in_time, known.values())):
            fresh |= known  # something has come that is earlier than what was folded
            known = {}
        if not known:
            self.profiles[person] = new_profile(self._settings.half_life)
        self._folded[person] = known | fresh
        allowed = [event for event in fresh.values() if counts(event, person, standings)]
        fold_all(self.profiles[person], sorted(allowed, key=_in_time), self._terms)


def fold_all(profile: Profile, events: Iterable[Event], terms: Terms) -> None:
    """Fold events in the order of time, in place, as if each had been delivered alone; none is late."""
    for event in events:
        forgotten_ms, profile.floor_ms = profile.floor_ms, 0
        fold(profile, [event], terms)
        profile.floor_ms = max(profile.floor_ms, forgotten_ms)


def counts(event: Event, person: str, standings: Mapping[str, Standing]) -> bool:
    """Whether the event counts for the person whose it is (as shared/profiles/place.py decides of a single one)."""
    concerned = [person] if event.user_id is not None else [person, person_key(None, event.anonymous_id)]
    confined = any(standings[name].quarantine is not None for name in concerned if name in standings)
    return not confined and not is_erased(event, standings)


def is_erased(event: Event, standings: Mapping[str, Standing]) -> bool:
    """Whether the user or the device that it names was erased after it occurred."""
    at_ms = to_ms(event.occurred_at)
    named = (person_key(event.user_id, None), person_key(None, event.anonymous_id))
    return any(at_ms <= standings[name].erased_ms for name in named if name in standings)


def _basis(devices: Mapping[str, Standing], standings: Mapping[str, Standing]) -> object:
    return (
        {name: (dict(device.claims), tuple(device.revoked)) for name, device in devices.items()},
        {person: (standing.quarantine is not None, standing.erased_ms) for person, standing in standings.items()},
    )


def _heard(event: Event) -> tuple[datetime, datetime]:
    return event.received_at or event.occurred_at, event.occurred_at


def _in_time(event: Event) -> tuple[datetime, bool, str]:
    return event.occurred_at, event.consent is None, event.event_id
