"""A profile for people and programs to read."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from refolding.parts import Parts
from shared import http, wiring
from shared.events.event import person_key
from shared.models.propensity_features import tell_propensities
from shared.profiles import identity, persona
from shared.profiles.face import face, features
from shared.profiles.profile import from_ms
from shared.profiles.record import COLLECTION, PACKED, Record, unpack
from shared.profiles.standing import NEWCOMER, Quarantine


class Found(NamedTuple):
    """A person and their record; of a device that is one user's alone, the user's."""

    person: str
    record: Record

    @property
    def is_stranger(self) -> bool:
        """Whether nothing is held of them that could be shown."""
        profile, standing, _ = self.record
        return not profile.counts and not standing.claims and standing.quarantine is None


async def find(parts: Parts, person: str) -> Found:
    """The record that answers for this key."""
    found = Found(person, await _read(parts, person))
    standing = found.record.standing
    if identity.is_given_away(standing) and (user_id := identity.owner(standing, 0)):
        user = person_key(user_id, None)
        return Found(user, await _read(parts, user))
    return found


async def show(parts: Parts, person: str, is_own: bool = False) -> http.Reply:
    """The readable face, as of now; 404 for a stranger.

    `is_own` is for the person's own page: without what machines would learn from their quarantine, and not of the user
    whom a device belongs to, for somebody else may sit at it.
    """
    found = await find(parts, person)
    if found.is_stranger or (is_own and found.person != person):
        return stranger()
    profile, standing, _ = found.record
    terms, now = parts.terms, wiring.clock()
    told, propensities = NEWCOMER, {}
    if not persona.rests(standing, profile):
        told = persona.current(standing, await parts.model(), features(profile, now, terms.session_cap_ms))
        propensities = tell_propensities(await parts.propensities(), profile, now, terms.session_cap_ms)
    return http.json_reply(
        200,
        {
            **ids(found.person),
            **face(profile, told, terms.session_cap_ms),
            "persona_since": from_ms(standing.persona_ms) if told == standing.persona and standing.persona_ms else None,
            "propensities": propensities,
            "devices": len(standing.merged),
            **({} if is_own else {"quarantine": reason(standing.quarantine)}),
        },
    )


def ids(person: str) -> Mapping[str, str]:
    """The key and the id that it stands for.

    >>> ids("u:ann")
    {'person': 'u:ann', 'user_id': 'ann'}
    """
    kind, _, name = person.partition(":")
    return {"person": person, "user_id" if kind == "u" else "anonymous_id": name}


def reason(quarantine: Quarantine | None) -> Mapping[str, Any] | None:
    """Why somebody's events count nowhere, in words."""
    if quarantine is None:
        return None
    since, score, signals, by, purged = (getattr(quarantine, name) for name in quarantine.__struct_fields__)
    return {"since": from_ms(since), "score": score, "signals": signals, "by": by, "purged": purged}


def stranger() -> http.Reply:
    """The answer where nobody is known."""
    return http.error_reply(404, "nobody is known by this id")


async def _read(parts: Parts, person: str) -> Record:
    return unpack(await parts.documents.get(COLLECTION, person, PACKED), parts.settings)
