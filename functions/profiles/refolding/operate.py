"""What operators do: take a merge back, take a person out of all counts and let them in again, rebuild."""

import asyncio
import random
from collections.abc import Callable, Iterable
from typing import Any

from refolding.orders import Rebuild, Unmerge, Verdict
from refolding.pages import rebuild_page
from refolding.parts import Parts
from refolding.together import together
from shared import http, wiring
from shared.errors import ConflictError, RetryableError
from shared.events.event import person_key
from shared.profiles import quarantined, tombstones
from shared.profiles.outbox import message_of
from shared.profiles.profile import new_profile, to_ms
from shared.profiles.record import COLLECTION, Record, pack, unpack
from shared.profiles.refolds import Why, ask
from shared.profiles.standing import Quarantine, Standing
from shared.stores.ports import ABSENT
from shared.telemetry import log

ATTEMPTS = 8
PAUSE_S = 0.01


async def unmerge(parts: Parts, order: Unmerge) -> http.Reply:
    """Take the claim back for good, then fold user and device as if it had never been made."""
    news = await parts.committer.unmerge(order.user_id, order.anonymous_id)
    people = [person_key(order.user_id, None), person_key(None, order.anonymous_id)]
    return await _refold(parts, people, "unmerge", {"news": news}, force=False)


async def quarantine(parts: Parts, order: Verdict) -> http.Reply:
    """From now on the person's events count nowhere, those of the past included."""
    return await _confine(parts, order, purged=False)


async def purge(parts: Parts, order: Verdict) -> http.Reply:
    """Quarantine, kept for good: there is no release from it."""
    return await _confine(parts, order, purged=True)


async def release(parts: Parts, order: Verdict) -> http.Reply:
    """Let the person's events count again, those of the past and of the time in quarantine included."""

    def free(standing: Standing) -> bool:
        if standing.quarantine is None or standing.quarantine.purged:
            return False
        standing.quarantine, standing.trusted = None, True
        return True

    record = await _change(parts, order.person, free)
    if record.version == ABSENT or record.standing.quarantine is None:
        return http.error_reply(409, "the person is not in quarantine")
    if record.standing.quarantine.purged:
        return http.error_reply(409, "the person was purged, which is for good")
    log("INFO", "released from quarantine", why=order.why)
    # What came in the last moments was not folded and may not be in the log yet: the second refold finds it there.
    await _publish(parts, [order.person], "release")
    return await _refold(parts, [order.person], "release", {}, force=False)


async def rebuild(parts: Parts, order: Rebuild) -> http.Reply:
    """Refold these people, or the next page of all whom the log knows."""
    if order.persons:
        return await _refold(parts, order.persons, "rebuild", {}, order.force)
    counts, done, left = await rebuild_page(parts, order.after, order.n, order.force)
    await settle(parts, [person for one in done for person in one.people])
    for people in left:
        await _publish(parts, people, "rebuild")
    return http.json_reply(200, counts)


async def _confine(parts: Parts, order: Verdict, purged: bool) -> http.Reply:
    reason = Quarantine(to_ms(wiring.clock()), 0.0, [order.why], by="operator", purged=purged)

    def confine(standing: Standing) -> bool:
        if standing.quarantine is not None and standing.quarantine.purged:
            return False
        standing.quarantine, standing.trusted = reason, False
        return True

    await quarantined.enlist(parts.documents, order.person, wiring.clock())
    before = await _change(parts, order.person, confine)
    log("INFO", "purged" if purged else "put in quarantine", why=order.why)
    told = {"person": order.person, "purged": purged}
    if before.standing.claims:  # a device's events may count in its user's profile
        return await _refold(parts, [order.person], "quarantine", told, force=False)
    return http.json_reply(200, {**told, "refolded": None, "later": None})


async def _change(parts: Parts, person: str, act: Callable[[Standing], bool]) -> Record:
    """Change a standing and empty the state, by compare-and-set; answers the record as it was before."""
    settings, documents, cap_ms = parts.settings, parts.documents, parts.terms.session_cap_ms
    for attempt in range(ATTEMPTS):
        document = await documents.get(COLLECTION, person)
        before, (_, standing, version) = unpack(document, settings), unpack(document, settings)
        if document is None:
            standing.erased_ms = await tombstones.erased_ms(documents, person)
        if not act(standing):
            return before
        fields = pack(person, new_profile(settings.half_life), standing, wiring.clock(), cap_ms)
        try:
            await documents.put(COLLECTION, person, fields, version)
        except ConflictError:
            await asyncio.sleep(random.uniform(0, PAUSE_S * 2**attempt))
        else:
            return before
    raise RetryableError(f"a profile was written by others {ATTEMPTS} times while being changed")


async def _refold(parts: Parts, people: Iterable[str], why: Why, told: dict[str, Any], force: bool) -> http.Reply:
    """Refold them now; where that cannot be, as soon as it can."""
    try:
        done = await parts.refolder.refold(people, force)
    except RetryableError as error:
        await _publish(parts, people, why)
        return http.json_reply(202, {**told, "refolded": None, "later": str(error)})
    await settle(parts, done.people)
    return http.json_reply(200, {**told, "refolded": done.as_json(), "later": None})


async def settle(parts: Parts, people: Iterable[str]) -> None:
    """Decide anew the personas of those who were refolded, and publish what follows."""
    await parts.model()

    async def settle_one(person: str) -> None:
        try:
            await parts.committer.settle(person)
        except RetryableError as error:
            log("WARNING", "a persona is left to the next sweep", reason=str(error))

    await together(settle_one, people)


async def _publish(parts: Parts, people: Iterable[str], why: Why) -> None:
    note = ask(people, why, to_ms(wiring.clock()))
    await parts.topics.publish(note.topic, [message_of(note)])
