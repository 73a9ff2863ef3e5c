"""The walk over every profile: looks at all, settles those whose persona is another by now."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from shared.errors import PermanentError, RetryableError
from shared.models.personas import PersonaModel
from shared.profiles.face import features
from shared.profiles.fold import Terms
from shared.profiles.outbox import PATIENCE_MS
from shared.profiles.persona import current, rests
from shared.profiles.profile import to_ms
from shared.profiles.record import COLLECTION, Record, unpack
from shared.settings import Settings
from shared.stores.ports import Documents
from shared.telemetry import log

AT_ONCE = 16
"""So many are settled at the same time, and no more is held in memory than a page of the scan and these."""

PAUSE_EVERY = 100
"""After so many that were only looked at, others in this process get their turn."""


def is_due(record: Record, model: PersonaModel | None, now: datetime, terms: Terms) -> bool:
    """Whether silence or a newer model has changed the persona, or an instance died before it told of a change."""
    profile, standing, _ = record
    if any(to_ms(now) - note.at_ms > PATIENCE_MS for note in standing.outbox):
        return True
    if rests(standing, profile):
        return False
    return current(standing, model, features(profile, now, terms.session_cap_ms)) != standing.persona


class Sweep:
    """One walk. `is_due` judges a stored record; `settle` decides anew, writes, and says whether that changed it."""

    def __init__(
        self,
        documents: Documents,
        settings: Settings,
        is_due: Callable[[Record], bool],
        settle: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._documents = documents
        self._settings = settings
        self._is_due = is_due
        self._settle = settle
        self.counts = Counter({"profiles": 0, "changed": 0, "left": 0, "unreadable": 0})
        """`left`: could not be written now, and is still due for the next sweep."""

    async def run(self) -> dict[str, int]:
        """Walk over all. Breaking it off anywhere is harmless: what has been settled is not due again."""
        due: list[str] = []
        async for key, document in self._documents.scan(COLLECTION):
            self.counts["profiles"] += 1
            try:
                record = unpack(document, self._settings)
            except PermanentError:
                self.counts["unreadable"] += 1  # one damaged document must not hide all those behind it
                continue
            if self._is_due(record):
                due.append(key)
            if len(due) == AT_ONCE:
                await self._settle_all(due)
                due = []
            if self.counts["profiles"] % PAUSE_EVERY == 0:
                await asyncio.sleep(0)
        await self._settle_all(due)
        if self.counts["left"] or self.counts["unreadable"]:
            log("WARNING", "sweep left some profiles as they were", **self.counts)
        return dict(self.counts)

    async def _settle_all(self, due: Sequence[str]) -> None:
        await asyncio.gather(*map(self._settle_one, due))

    async def _settle_one(self, person: str) -> None:
        try:
            changed = await self._settle(person)
        except RetryableError:
            self.counts["left"] += 1
        else:
            self.counts["changed"] += changed  # not `+= await`: others count meanwhile
