"""One family's swap: log and journals together, folded, in place of what was there."""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from refolding import marks
from refolding.attribution import Family, read_claims
from refolding.marks import Marks
from refolding.results import OutdatedError, Refolded
from shared.errors import ConflictError, RetryableError
from shared.events.event import Event, decode_event, person_key
from shared.profiles import identity, tombstones
from shared.profiles.fold import read_terms
from shared.profiles.journal import COLLECTION as JOURNALS
from shared.profiles.journal import read_events
from shared.profiles.memory import RECORD, TIME_BYTES, event_mark
from shared.profiles.profile import new_profile
from shared.profiles.record import COLLECTION, Record, pack, unpack
from shared.profiles.standing import Link, Standing
from shared.settings import Settings
from shared.stores.ports import ABSENT, Document, Documents, Write

ATTEMPTS = 60
PAUSE_S = 0.01


class Now(NamedTuple):
    """The family as stored: its records, what is journaled of it, and the writes that end the journals."""

    records: Mapping[str, Record]
    events: Sequence[Event]
    endings: Sequence[Write]

    @property
    def standings(self) -> dict[str, Standing]:
        return {person: record.standing for person, record in self.records.items()}


class Swap:
    """A family between its mark and its swap."""

    def __init__(
        self,
        documents: Documents,
        members: Iterable[str],
        marks: Marks,
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        self._documents = documents
        self._members = sorted(members)
        self._marks = {person: marks[person] for person in self._members if person in marks}
        self._settings = settings
        self._terms = read_terms(settings)
        self._clock = clock
        self._family = Family(self._terms, settings)

    async def count_lacking(self, events: Sequence[Event]) -> int:
        """How many events the profiles count that neither the log nor a journal has. Raises OutdatedError."""
        now = await self._read()
        known = {event_mark(event.event_id) for event in (*events, *now.events)}
        counted = {mark for record in now.records.values() for mark in ring_marks(record.profile.ring)}
        return len(counted - known)

    async def swap_in(self, events: Sequence[Event]) -> Refolded:
        """Write what log and journals make, all profiles at once. Raises OutdatedError and RetryableError."""
        for attempt in range(ATTEMPTS):
            now = await self._read()
            writes = self._fold([*events, *now.events], now)
            try:
                if writes:
                    await self._documents.put_all([*writes, *now.endings])
            except ConflictError:  # an event came in between; it is in the journal
                await asyncio.sleep(random.uniform(0, PAUSE_S * min(attempt, 10)))
            else:
                people = [write.key for write in writes]
                profiles = (self._family.profiles[person] for person in people if person in self._family.profiles)
                return Refolded(people, sum(sum(profile.counts.values()) for profile in profiles))
        raise RetryableError(f"a family was written by others {ATTEMPTS} times while being swapped")

    async def _read(self) -> Now:
        # Profiles before journals: where a profile is still at its version when it is written, its journal is whole.
        profiles = await self._documents.get_many(COLLECTION, self._members)
        journals = await self._documents.get_many(JOURNALS, self._members)
        records = {person: await self._unpack(person, profiles.get(person)) for person in self._members}
        if any(record.standing.journal != self._marks.get(person, "") for person, record in records.items()):
            raise OutdatedError
        raws = [raw for person in journals for raw in read_events(journals[person], self._marks.get(person, ""))]
        return Now(records, [decode_event(raw) for raw in raws], marks.endings(journals, journals))

    async def _unpack(self, person: str, document: Document | None) -> Record:
        record = unpack(document, self._settings)
        if document is None:
            record.standing.erased_ms = await tombstones.erased_ms(self._documents, person)
        return record

    def _fold(self, events: Sequence[Event], now: Now) -> list[Write]:
        """The writes that make every document what it is to be."""
        devices = read_claims(events, now.standings, self._terms)
        links = read_links(devices)
        if strangers := links.keys() - now.records.keys():
            raise OutdatedError(strangers)
        self._family.fold(events, devices, now.standings)
        writes = [self._write(person, record, devices, links) for person, record in now.records.items()]
        return [write for write in writes if write is not None]

    def _write(
        self, person: str, record: Record, devices: Mapping[str, Standing], links: Mapping[str, dict[str, Link]]
    ) -> Write | None:
        profile = self._family.profiles.get(person) or new_profile(self._settings.half_life)
        standing, (kind, _, name) = record.standing, person.partition(":")
        standing.journal = ""
        standing.merged = links.get(person, {})
        if kind == "a" and name in devices:
            standing.claims = devices[name].claims
        if record.version == ABSENT and not profile.counts and not profile.consent.at_us and not standing.claims:
            return None
        fields = pack(person, profile, standing, self._clock(), self._terms.session_cap_ms)
        return Write(COLLECTION, person, fields, record.version)


def read_links(devices: Mapping[str, Standing]) -> dict[str, dict[str, Link]]:
    """User → the devices that are theirs, as their document knows them."""
    links: dict[str, dict[str, Link]] = {}
    for name, device in devices.items():
        if share := identity.share(device):
            link = Link(device.claims[share.user_id], share.until_ms)
            links.setdefault(person_key(share.user_id, None), {})[name] = link
    return links


def ring_marks(ring: bytes) -> set[bytes]:
    """The marks of the events in a ring."""
    return {ring[at + TIME_BYTES : at + RECORD] for at in range(0, len(ring), RECORD)}
