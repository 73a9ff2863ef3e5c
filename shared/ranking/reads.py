"""The reads of one answer: a person and items, within one deadline. A store that is away is noted, never waited for."""

from collections.abc import Callable, Sequence
from datetime import datetime

from shared.deadline import Deadline
from shared.errors import RetryableError
from shared.events.event import person_key
from shared.models.catalogue import Catalogue
from shared.models.items import Item
from shared.models.newest import Newest
from shared.models.registry import Registry
from shared.profiles import persona
from shared.profiles.identity import owner
from shared.profiles.profile import to_ms
from shared.profiles.record import COLLECTION, PACKED, Record, unpack
from shared.settings import Settings
from shared.stores.ports import Documents


class Reads:
    """What an answer knows of the world; `is_away`: whether a store could not be reached in time."""

    def __init__(
        self,
        documents: Documents,
        catalogue: Catalogue,
        settings: Settings,
        clock: Callable[[], datetime],
        deadline: Deadline,
    ) -> None:
        self._documents = documents
        self._catalogue = catalogue
        self._settings = settings
        self._clock = clock
        self._deadline = deadline
        self.is_away = False

    async def record(self, person: str) -> tuple[str, Record]:
        """Who it is, and what counts of them at present; a device that belongs to a user is that user."""
        try:
            record = await self._read(person)
            if record.standing.claims and (user_id := owner(record.standing, to_ms(self._clock()))):
                person = person_key(user_id, None)
                record = await self._read(person)
        except RetryableError:
            self.is_away = True
            return person, unpack(None, self._settings)
        rests = persona.rests(record.standing, record.profile)
        return person, unpack(None, self._settings) if rests else record

    async def items(self, item_ids: Sequence[str]) -> dict[str, Item]:
        """Those of the items that exist, as far as the store tells in time."""
        remembered = self._catalogue.fresh(item_ids)
        if remembered is not None:
            return remembered
        try:
            return await self._deadline.wait(lambda: self._catalogue.get(item_ids))
        except RetryableError:
            self.is_away = True
            return self._catalogue.held(item_ids)

    async def look(self, registry: Registry) -> None:
        """Have the live models; an instance that has none yet has no more time for them than for all else."""
        if registry.looks:
            await registry.look()
        else:
            await self._deadline.within(registry.look(), None)

    async def newest(self, newest: Newest) -> Sequence[Item]:
        """The newest items, unless the store is away already, or takes too long."""
        return () if self.is_away else await self._deadline.within(newest.get(), ())

    async def _read(self, person: str) -> Record:
        found = await self._deadline.wait(lambda: self._documents.get(COLLECTION, person, PACKED))
        return unpack(found, self._settings)
