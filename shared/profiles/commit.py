"""The one writer of profiles on the live path: events and their claims in, documents and announcements out."""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, cast

from shared.errors import ConflictError, RetryableError
from shared.events.event import Event, person_key, person_of
from shared.profiles import consent, identity, quarantined
from shared.profiles.claims import Claims
from shared.profiles.draft import Draft
from shared.profiles.fold import Terms, fold, is_allowed
from shared.profiles.groups import Act, Answer, Ask, Groups, Outcome
from shared.profiles.outbox import Outbox
from shared.profiles.place import claims_wanted, place
from shared.profiles.profile import Profile, to_ms
from shared.profiles.refolds import ask
from shared.profiles.standing import Quarantine, Standing
from shared.settings import Settings
from shared.stores.ports import ABSENT, Documents, Topics
from shared.tally import tally
from shared.telemetry import log

ATTEMPTS = 8
PAUSE_S = 0.01

Decide = Callable[[Standing, Profile, str, Literal["event", "silence"], datetime], None]
"""Decides the persona, in place, of (standing, profile, person, why, now); what it announces goes to the outbox."""

Judge = Callable[[Profile, datetime], Quarantine | None]
"""The quarantine that a profile gives reason for, if any."""


def undecided(*_: object) -> None:
    """Leaves the persona as it is."""


def trusting(*_: object) -> None:
    """Finds no reason in anything."""


class Committer:
    """Folds events into the stored profiles, exactly once. Belongs to one event loop."""

    def __init__(
        self,
        documents: Documents,
        topics: Topics,
        terms: Terms,
        settings: Settings,
        clock: Callable[[], datetime],
        decide: Decide = undecided,
        judge: Judge = trusting,
    ) -> None:
        self._documents = documents
        self._terms = terms
        self._settings = settings
        self._clock = clock
        self._decide = decide
        self._judge = judge
        self._outbox = Outbox(topics)
        self._groups = Groups(self._commit)

    async def add(self, event: Event) -> Outcome:
        """Return when the event is in the stored profile, or is known not to belong there.

        Raises RetryableError when the store could not be written, or what follows from the event not be published.
        """
        return cast("Outcome", await self._join(person_of(event), event))

    async def settle(self, person: str) -> bool:
        """Decide the persona anew though nothing has happened, and publish what is left over. Says whether it changed.

        Raises RetryableError as `add` does.
        """

        async def decide(draft: Draft, now: datetime) -> bool:
            profile, standing, version = await draft.open(person)
            if version == ABSENT or standing.quarantine is not None or identity.is_given_away(standing):
                return False
            before = standing.persona
            self._decide(standing, profile, person, "silence", now)
            if standing.persona != before:
                draft.change(person)
            return standing.persona != before

        return cast("bool", await self._join(person, decide))

    async def unmerge(self, user_id: str, anonymous_id: str) -> bool:
        """Take the user's claim on the device back, for good, and ask for the refold. Says whether that is news.

        Raises RetryableError as `add` does.
        """

        async def revoke(draft: Draft, now: datetime) -> bool:
            return await self._claims(draft, now).revoke(user_id, anonymous_id)

        return cast("bool", await self._join(person_key(user_id, None), revoke))

    async def _join(self, person: str, work: Event | Act) -> Outcome | bool:
        future: asyncio.Future[Outcome | bool] = asyncio.get_running_loop().create_future()
        self._groups.join(person, Ask(work, future))
        return await future

    async def _commit(self, person: str, asks: Sequence[Ask]) -> Sequence[Answer]:
        for attempt in range(ATTEMPTS):
            try:
                return await self._attempt(person, asks)
            except ConflictError:
                await asyncio.sleep(random.uniform(0, PAUSE_S * 2**attempt))
        raise RetryableError(f"a profile was written by others {ATTEMPTS} times while being folded")

    async def _attempt(self, person: str, asks: Sequence[Ask]) -> Sequence[Answer]:
        draft, now = Draft(self._documents, self._settings), self._clock()
        standing = (await draft.open(person)).standing
        if self._outbox.review(standing, to_ms(now)):
            draft.change(person)
        events = [ask.work for ask in asks if isinstance(ask.work, Event)]
        folded = iter(await self._fold(draft, person, events, now) if events else ())
        answers = [next(folded) if isinstance(ask.work, Event) else await ask.work(draft, now) for ask in asks]
        self._outbox.sign(standing)
        if draft.is_changed:
            await draft.write(now, self._terms.session_cap_ms)
            _count(draft.news)
        if await self._outbox.publish(person, standing) and not self._groups.is_waiting(person):
            await self._commit(person, ())  # which clears; a group that waits does it in passing
        return [self._hold_back(answer) for answer in answers] if self._outbox.is_others(standing) else answers

    async def _fold(self, draft: Draft, person: str, events: Sequence[Event], now: datetime) -> list[Answer]:
        """Claims first, for whose an event is depends on them; then the events that belong here."""
        standing = (await draft.open(person)).standing
        claiming = [event for event in events if is_allowed(event, self._terms)]
        if wanted := claims_wanted(standing, claiming):
            await self._claims(draft, now).settle(person.removeprefix("u:"), wanted)
        placed = [place(event, person, standing, draft) for event in events]
        own = [event for event, answer in zip(events, placed, strict=True) if answer is None]
        outcomes = iter(await self._fold_own(draft, person, own, now) if own else ())
        return [next(outcomes) if answer is None else answer for answer in placed]

    async def _fold_own(self, draft: Draft, person: str, events: Sequence[Event], now: datetime) -> Sequence[Outcome]:
        profile, standing, _ = await draft.open(person)
        before = profile.consent
        outcomes = fold(profile, events, self._terms)
        applied = [event for event, outcome in zip(events, outcomes, strict=True) if outcome == "applied"]
        if applied and await self._quarantine(draft, person, now):
            return ["quarantined" if outcome == "applied" else outcome for outcome in outcomes]
        fresh = [event for event, outcome in zip(events, outcomes, strict=True) if outcome != "duplicate"]
        is_late = consent.is_late(before, fresh, self._terms.require_consent)
        if is_late:
            standing.outbox.append(ask([person], "consent", to_ms(now)))
        if applied or is_late or profile.consent != before:
            draft.note_folded(person, fresh)
        if draft.is_changed:
            self._decide(standing, profile, person, "event", now)
        return outcomes

    async def _quarantine(self, draft: Draft, person: str, now: datetime) -> bool:
        """Put the person in quarantine if their profile gives reason for it: from now on their events count nowhere."""
        profile, standing, _ = await draft.open(person)
        reason = None if standing.trusted else self._judge(profile, now)
        if reason is None:
            return False
        await quarantined.enlist(self._documents, person, now)
        standing.quarantine = reason
        draft.empty(person)
        draft.news.append("quarantined")
        return True

    def _claims(self, draft: Draft, now: datetime) -> Claims:
        return Claims(draft, self._terms, self._settings, to_ms(now))

    @staticmethod
    def _hold_back(answer: Answer) -> Answer:
        """What another instance has written is done only when it has published what follows from it."""
        if answer in ("duplicate", "late"):
            return RetryableError("another instance is about to publish what follows from this event")
        return answer


def _count(news: Sequence[str]) -> None:
    for name in news:
        tally.count("identity", name)
        if name.startswith("refused"):
            log("WARNING", "a claim on a device does not count", reason=name)
