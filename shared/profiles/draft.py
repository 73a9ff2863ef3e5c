"""The documents of one attempt: read once, changed in memory, written together or not at all."""

from collections.abc import Sequence
from datetime import datetime

from shared.events.event import Event
from shared.profiles import journal, tombstones
from shared.profiles.profile import Profile, new_profile
from shared.profiles.record import COLLECTION, PACKED, Record, pack, unpack
from shared.settings import Settings
from shared.stores.ports import Documents, Write
from shared.telemetry import trace_id


class Draft:
    """Records by person, as read and as changed since."""

    def __init__(self, documents: Documents, settings: Settings) -> None:
        self.news: list[str] = []
        """What is to be counted once this has been written."""

        self._documents = documents
        self._settings = settings
        self._records: dict[str, Record] = {}
        self._changed: set[str] = set()
        self._journals: dict[str, Sequence[Event]] = {}

    async def open(self, person: str) -> Record:
        """The person's record. Of one who has no document it is asked, too, until when they were erased."""
        if person not in self._records:
            document = await self._documents.get(COLLECTION, person, PACKED)
            record = unpack(document, self._settings)
            if document is None:
                record.standing.erased_ms = await tombstones.erased_ms(self._documents, person)
            self._records[person] = record
        return self._records[person]

    def erased_ms(self, person: str) -> int:
        """Until when the person was erased, as far as has been read."""
        known = self._records.get(person)
        return known.standing.erased_ms if known else 0

    async def is_known(self, person: str) -> bool:
        """Whether the person has a document."""
        return person in self._records or await self._documents.get(COLLECTION, person, ()) is not None

    def change(self, person: str) -> None:
        """The opened record has been changed in place."""
        self._changed.add(person)

    def empty(self, person: str) -> Profile:
        """Take the state out of the opened record; returns what it was."""
        record = self._records[person]
        self._records[person] = record._replace(profile=new_profile(self._settings.half_life))
        self.change(person)
        return record.profile

    def note_folded(self, person: str, events: Sequence[Event]) -> None:
        """These events have been folded into the opened record: a refold that is under way must hear of them."""
        self.change(person)
        if self._records[person].standing.journal:
            self._journals[person] = events

    @property
    def is_changed(self) -> bool:
        return bool(self._changed)

    async def write(self, now: datetime, session_cap_ms: int) -> None:
        """Write what has changed. Raises ConflictError when any of it was written by others since it was read."""
        changed = [(person, self._records[person]) for person in sorted(self._changed)]
        trace = trace_id()  # of the first of those who share this write
        writes = [
            Write(
                COLLECTION,
                person,
                pack(person, record.profile, record.standing, now, session_cap_ms, trace),
                record.version,
            )
            for person, record in changed
        ]
        for person, events in self._journals.items():
            journal_id = self._records[person].standing.journal
            writes.append(await journal.lengthen(self._documents, person, journal_id, events))
        await self._documents.put_all(writes)
