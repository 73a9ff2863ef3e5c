"""Group commit: the events of one person that wait at the same time share one read and one write."""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime

from shared.errors import ConflictError, RetryableError
from shared.events.event import Event, person_of
from shared.profiles.face import face
from shared.profiles.fold import Outcome, Terms, fold
from shared.profiles.profile import Profile, decode_profile, encode_profile, new_profile
from shared.settings import Settings
from shared.stores.ports import ABSENT, Document, Documents, Value

COLLECTION = "profiles"
STATE = "state"
ATTEMPTS = 8
PAUSE_S = 0.01

Persona = Callable[[Profile, datetime], str]
Waiting = list[tuple[Event, asyncio.Future[Outcome]]]


class Committer:
    """Folds events into the stored profiles. Belongs to one event loop."""

    def __init__(
        self, documents: Documents, terms: Terms, settings: Settings, persona: Persona, clock: Callable[[], datetime]
    ):
        self._documents = documents
        self._terms = terms
        self._settings = settings
        self._persona = persona
        self._clock = clock
        self._waiting: dict[str, Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def add(self, event: Event) -> Outcome:
        """Return when the event is in the stored profile, or is known not to belong there.

        Raises RetryableError when the store could not be written.
        """
        person, future = person_of(event), asyncio.get_running_loop().create_future()
        if person in self._waiting:
            self._waiting[person].append((event, future))
        else:
            self._waiting[person] = [(event, future)]
            task = asyncio.create_task(self._drain(person))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        outcome: Outcome = await future
        return outcome

    async def _drain(self, person: str) -> None:
        while group := self._waiting[person]:
            self._waiting[person] = []
            await self._commit_group(person, group)
        del self._waiting[person]

    async def _commit_group(self, person: str, group: Waiting) -> None:
        """Settle every future of the group, whatever happens: their requests wait for them."""
        commit = self._commit(person, [event for event, _ in group])
        # gather instead of try: what is raised is handed on to each of the waiting requests.
        [result] = await asyncio.gather(commit, return_exceptions=True)
        outcomes = [result] * len(group) if isinstance(result, BaseException) else result
        for (_, future), outcome in zip(group, outcomes, strict=True):
            if future.done():
                continue  # its request went away
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    async def _commit(self, person: str, events: Sequence[Event]) -> list[Outcome]:
        for attempt in range(ATTEMPTS):
            document = await self._documents.get(COLLECTION, person, (STATE,))
            profile = read_profile(document, self._settings)
            outcomes = fold(profile, events, self._terms)
            if "applied" not in outcomes:
                return outcomes
            try:
                version = document.version if document else ABSENT
                await self._documents.put(COLLECTION, person, self._fields(profile, events), version)
            except ConflictError:
                await asyncio.sleep(random.uniform(0, PAUSE_S * 2**attempt))
            else:
                return outcomes
        raise RetryableError(f"a profile was written by others {ATTEMPTS} times while being folded")

    def _fields(self, profile: Profile, events: Sequence[Event]) -> dict[str, Value]:
        now, last = self._clock(), events[-1]
        fields = face(profile, self._persona(profile, now), self._terms.session_cap_ms)
        user_id = last.user_id
        ids: dict[str, Value] = {"user_id": user_id} if user_id is not None else {"anonymous_id": last.anonymous_id}
        return {**ids, **fields, STATE: encode_profile(profile), "updated_at": now}


def read_profile(document: Document | None, settings: Settings) -> Profile:
    """The profile of a document; without one, the profile of a stranger."""
    state = document.fields.get(STATE) if document else None
    return decode_profile(state) if isinstance(state, bytes) else new_profile(settings.half_life)
