"""A person's persona as time goes by: decided at each write, announced when it changes, told as of now at each read."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Literal

import msgspec

from shared.models.personas import PersonaModel, Verdict, decide
from shared.profiles import consent
from shared.profiles.face import features
from shared.profiles.fold import Terms
from shared.profiles.identity import is_given_away
from shared.profiles.profile import Profile, from_ms, to_ms
from shared.profiles.standing import NEWCOMER, Note, Standing

TOPIC = "persona-changes"

Cause = Literal["event", "silence", "model"]
"""What moved a persona: an act of the person, the time since their last one, or a model published since."""


def current(standing: Standing, model: PersonaModel | None, numbers: Mapping[str, float]) -> str:
    """The persona by these features, for readers: as `settle` would decide it."""
    return decide(model, numbers, standing.persona).persona


def settle(
    standing: Standing,
    profile: Profile,
    person: str,
    why: Cause,
    model: PersonaModel | None,
    now: datetime,
    terms: Terms,
) -> None:
    """Decide the persona, in place; a change goes to the outbox, so that it is announced with the write that holds it.

    A newcomer's first persona is a change like others. Of a document that `rests` nothing is decided.
    """
    if rests(standing, profile):
        return
    verdict = decide(model, features(profile, now, terms.session_cap_ms), standing.persona)
    if verdict.persona == standing.persona:
        return
    cause = _cause(standing, profile, why, model, terms)
    before, standing.persona = standing.persona, verdict.persona
    standing.persona_ms = to_ms(now)
    standing.persona_changes += 1
    standing.outbox.append(_note(standing, profile, person, before, cause, verdict, now))


def rests(standing: Standing, profile: Profile) -> bool:
    """Whether nothing of this document counts at present: in quarantine, erased, without consent, or all given to the
    device's user."""
    erased = 0 < standing.erased_ms >= profile.last_ms
    withheld = standing.quarantine is not None or profile.consent.is_withdrawn
    return erased or withheld or is_given_away(standing)


def _cause(standing: Standing, profile: Profile, why: Cause, model: PersonaModel | None, terms: Terms) -> Cause:
    """Silence moved nobody whom this model would have moved before it: then a newer model did."""
    if model is None:
        return why
    if standing.persona != NEWCOMER and standing.persona not in model.names:
        return "model"
    if why != "silence":
        return why
    then = from_ms(max(standing.persona_ms, profile.last_ms))
    earlier = decide(model, features(profile, then, terms.session_cap_ms), standing.persona)
    return why if earlier.persona == standing.persona else "model"


def _note(
    standing: Standing, profile: Profile, person: str, before: str, cause: Cause, verdict: Verdict, now: datetime
) -> Note:
    kind, _, name = person.partition(":")
    change = {
        "change_id": _change_id(standing, person),
        "user_id" if kind == "u" else "anonymous_id": name,
        "user": person,
        "from": before,
        "to": verdict.persona,
        "why": {"cause": cause, "features": verdict.why, "margin": round(verdict.margin, 3)},
        "at": now,
    }
    attributes = {"from": before, "to": verdict.persona, "cause": cause, **consent.attributes(profile.consent)}
    return Note(_change_id(standing, person), TOPIC, msgspec.json.encode(change), attributes, to_ms(now), by="")


def _change_id(standing: Standing, person: str) -> str:
    """The same for the same change, however often it is told. Whoever comes back after an erasure counts anew."""
    name = f"{person}/{standing.erased_ms}/{standing.persona_changes}"
    return blake2b(name.encode(), digest_size=16, person=b"attune-persona").hexdigest()
