"""The live models of an instance: read once, looked at again in the background, never in a request's way."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from shared.errors import PermanentError, RetryableError
from shared.models.arrivals import KEY as ARRIVALS
from shared.models.arrivals import Came, read_arrivals
from shared.models.artifact import COLLECTION, POINTER, model_key, unpack_model
from shared.models.relations import SLOT, SLOTS, Slot, live_slot
from shared.stores.ports import Documents
from shared.telemetry import log

M = TypeVar("M", bound=msgspec.Struct)


RETRY = timedelta(seconds=1)
"""After a look that failed, the next one waits so long."""

TRYING = "exploration"
"""The model that has new items tried."""


class Registry:
    """Live models by name. The first look waits for the store; later ones give the last good model at once."""

    def __init__(
        self, documents: Documents, refresh: timedelta, clock: Callable[[], datetime], **kinds: type[msgspec.Struct]
    ):
        self._documents = documents
        self._refresh = refresh
        self._clock = clock
        self._kinds = kinds
        self._models: dict[str, msgspec.Struct] = {}
        self._due: datetime | None = None
        self._looking: asyncio.Task[None] | None = None
        self.versions: dict[str, str] = {}
        """Versions in use, by name; also of models that are not kept here, as the neighbours in the item documents."""
        self.slot: Slot = SLOTS[0]
        """Where in the item documents the live relations are."""
        self.looks = 0
        """How often the store has answered: as long as this is the same, so is all else."""
        self.arrivals: Came = {}
        """Items that have come lately; read where there is a model that has them tried."""

    async def look(self) -> None:
        """Have the models been looked at: the first call waits for it, later ones have it done in the background."""
        if self._due is None:
            await asyncio.shield(self._look())
        elif self._clock() >= self._due:
            self._look()

    async def get(self, name: str, kind: type[M]) -> M | None:
        """The live model of this name, or None while none has been published or the store can not be reached."""
        await self.look()
        return self.last(name, kind)

    def last(self, name: str, kind: type[M]) -> M | None:
        """The model as of the last look."""
        model = self._models.get(name)
        return model if isinstance(model, kind) else None

    def expire(self) -> None:
        """Have the next one who asks wait for a look."""
        self._due = None

    def _look(self) -> asyncio.Task[None]:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._refresh_models())
        return self._looking

    async def _refresh_models(self) -> None:
        try:
            await self._read()
            self._due = self._clock() + self._refresh
        except (RetryableError, PermanentError) as error:
            log("WARNING", "models not refreshed; the last good ones stay", reason=str(error))
            self._due = self._clock() + RETRY

    async def _read(self) -> None:
        pointer = await self._documents.get(COLLECTION, POINTER)
        fields = pointer.fields if pointer else {}
        wanted = {name: str(version) for name, version in fields.items() if name != SLOT}
        newer = {name: wanted[name] for name in self._kinds if wanted.get(name) not in (None, self.versions.get(name))}
        keys = {model_key(name, version): name for name, version in newer.items()}
        tried = [ARRIVALS] if TRYING in self._kinds.keys() & wanted.keys() else []
        read = [*keys, *tried]
        found = await self._documents.get_many(COLLECTION, read) if read else {}
        if arrivals := found.pop(ARRIVALS, None):
            self.arrivals = read_arrivals(arrivals.fields)
        for key, document in found.items():
            name = keys[key]
            self._models[name] = unpack_model(document.fields, self._kinds[name])
            self.versions[name] = newer[name]
        self.versions.update({name: version for name, version in wanted.items() if name not in self._kinds})
        self.slot = live_slot(fields)
        self.looks += 1
