"""What follows from a claim, in the documents that it concerns: claims, links, states, and a refold where it takes one.

A device's claims and the links of the users whose device it is change in one write. So whoever folds an anonymous event
into a user's document sees there, under the same compare-and-set, whether it still belongs there.
"""

from collections.abc import Mapping, Sequence

from shared.events.event import person_key
from shared.profiles import identity, memory
from shared.profiles.draft import Draft
from shared.profiles.fold import Terms
from shared.profiles.identity import Change, Share
from shared.profiles.merge import merge
from shared.profiles.profile import Profile
from shared.profiles.refolds import Why, ask
from shared.profiles.standing import Link, Standing
from shared.settings import Settings


class Claims:
    """Claims of one draft."""

    def __init__(self, draft: Draft, terms: Terms, settings: Settings, now_ms: int) -> None:
        self._draft = draft
        self._terms = terms
        self._most = settings.max_merges
        self._now_ms = now_ms

    async def settle(self, user_id: str, wanted: Mapping[str, Sequence[int]]) -> None:
        """Put the user's claims on these devices among the others: anonymous id → times of events that name both."""
        for anonymous_id, times in wanted.items():
            device = (await self._draft.open(person_key(None, anonymous_id))).standing
            counting = [at_ms for at_ms in times if at_ms > device.erased_ms]
            before = identity.copy(device)
            if counting and identity.claim(device, user_id, min(counting)):
                if refusal := await self._refusal(user_id, anonymous_id, before, device):
                    device.revoked.append(user_id)
                    self._draft.news.append(refusal)
                await self._follow(user_id, anonymous_id, before, device, "claims")

    async def revoke(self, user_id: str, anonymous_id: str) -> bool:
        """Take the user's claim on the device back, for good. Says whether that is news."""
        device = (await self._draft.open(person_key(None, anonymous_id))).standing
        if user_id not in device.claims or user_id in device.revoked:
            return False
        before = identity.copy(device)
        device.revoked.append(user_id)
        await self._follow(user_id, anonymous_id, before, device, "unmerge")
        return True

    async def _refusal(self, user_id: str, anonymous_id: str, before: Standing, after: Standing) -> str | None:
        """Why the claim must not count, if so."""
        is_new = user_id in after.claims and user_id not in before.claims and user_id not in after.revoked
        # Two known users never merge, though an alias may say that they are one.
        if is_new and anonymous_id != user_id and await self._draft.is_known(person_key(anonymous_id, None)):
            return "refused: the device is a known user"
        merged = (await self._draft.open(person_key(user_id, None))).standing.merged
        shared = identity.share(after)
        if shared and shared.user_id == user_id and anonymous_id not in merged and len(merged) >= self._most:
            return "refused: more devices than max_merges"
        return None

    async def _follow(self, user_id: str, anonymous_id: str, before: Standing, after: Standing, why: Why) -> None:
        self._draft.change(person_key(None, anonymous_id))
        old, new = identity.share(before), identity.share(after)
        for concerned in {shared.user_id for shared in (old, new) if shared}:
            await self._link(concerned, anonymous_id, new, after)
        change = identity.change(before, after)
        if change.what == "take_over":
            await self._take_over(user_id, anonymous_id)
        elif change.what == "refold":
            await self._ask(user_id, anonymous_id, change, why)

    async def _link(self, user_id: str, anonymous_id: str, shared: Share | None, device: Standing) -> None:
        person = person_key(user_id, None)
        merged = (await self._draft.open(person)).standing.merged
        link = Link(device.claims[user_id], shared.until_ms) if shared and shared.user_id == user_id else None
        if merged.get(anonymous_id) == link:
            return
        if link is None:
            del merged[anonymous_id]
        else:
            merged[anonymous_id] = link
        self._draft.change(person)

    async def _take_over(self, user_id: str, anonymous_id: str) -> None:
        """The device's state becomes part of the user's, if the two can be added; else the log must tell."""
        user, device = person_key(user_id, None), person_key(None, anonymous_id)
        mine, theirs = await self._draft.open(user), await self._draft.open(device)
        everything = Change("refold", (user_id,))
        if mine.standing.journal or theirs.standing.journal:
            await self._ask(user_id, anonymous_id, everything, "refold")
        elif not theirs.profile.counts and not theirs.profile.consent.at_us:
            return
        elif mine.standing.quarantine is not None:
            self._draft.empty(device)  # the user counts nowhere at present, and what is theirs does not either
        elif self._add(mine.profile, theirs.profile):
            self._draft.empty(device)
            self._draft.news.append("taken over")
        else:
            await self._ask(user_id, anonymous_id, everything, "unlike")

    def _add(self, profile: Profile, other: Profile) -> bool:
        """Add the other's events in place, if that is what a fold of both would come to."""
        if len(memory.ring_union(profile.ring, other.ring)) < len(profile.ring) + len(other.ring):
            return False  # an event that was sent again under another name counts once
        try:
            merge(profile, other, self._terms)
        except ValueError:
            return False
        return True

    async def _ask(self, user_id: str, anonymous_id: str, change: Change, why: Why) -> None:
        """The note stands with the user whose claim it is: their event, delivered again, finds it there."""
        person = person_key(user_id, None)
        persons = [person_key(None, anonymous_id), *(person_key(user, None) for user in change.users)]
        (await self._draft.open(person)).standing.outbox.append(ask(persons, why, self._now_ms))
        self._draft.change(person)
        self._draft.news.append(f"refold: {why}")
