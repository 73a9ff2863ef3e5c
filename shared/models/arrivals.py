"""Arrivals: the items that were stated for the first time lately, for who must know of them before the next training.

One small document. An instance that sees new items writes them in the background, beside those that others have seen.
It is a hint: what an instance has noted in its last seconds may go with it; the next training knows all items.
"""

import asyncio
import random
from collections.abc import Callable, Mapping

from shared.errors import ConflictError, RetryableError
from shared.models.artifact import COLLECTION
from shared.stores.ports import ABSENT, Documents, Fields
from shared.telemetry import log

KEY = "arrivals"
ITEMS = "items"
MOST = 100
PERIOD_S = 2.0
ATTEMPTS = 8
PAUSE_S = 0.05

Came = Mapping[str, int]
"""Item → when it was first stated, in milliseconds since 1970; the newest first."""


class Arrivals:
    """One instance's, until they are written."""

    def __init__(self) -> None:
        self._noted: Came = {}
        self._flushing: asyncio.Task[None] | None = None

    def note(self, item_id: str, came_ms: int) -> None:
        """Have it written with the next flush."""
        self._noted = newest({**self._noted, item_id: came_ms})

    def flush_later(self, documents: Callable[[], Documents]) -> None:
        """Write what has been noted within a period, once, while nobody waits for it."""
        if self._noted and (self._flushing is None or self._flushing.done()):
            self._flushing = asyncio.create_task(self._flush_after(documents), name=KEY)

    async def flush(self, documents: Documents) -> None:
        """Write what has been noted. Raises RetryableError; then it stays to be written."""
        for attempt in range(ATTEMPTS):
            document = await documents.get(COLLECTION, KEY)
            noted = self._noted
            came = newest({**noted, **(read_arrivals(document.fields) if document else {})})
            try:
                await documents.put(COLLECTION, KEY, {ITEMS: dict(came)}, document.version if document else ABSENT)
            except ConflictError:
                await asyncio.sleep(random.uniform(0, PAUSE_S * 2**attempt))
                continue
            self._noted = {item_id: at for item_id, at in self._noted.items() if noted.get(item_id) != at}
            return
        raise RetryableError(f"the arrivals were written by others {ATTEMPTS} times")

    async def _flush_after(self, documents: Callable[[], Documents]) -> None:
        await asyncio.sleep(PERIOD_S)
        try:
            await self.flush(documents())
        except RetryableError as error:
            log("WARNING", "arrivals not written; the next one tries again", reason=str(error))


def read_arrivals(fields: Fields) -> Came:
    """Those of the document."""
    found = fields.get(ITEMS)
    return newest({item_id: int(at) for item_id, at in found.items()}) if isinstance(found, Mapping) else {}


def newest(came: Came) -> Came:
    """The `MOST` newest, ties by item."""
    return dict(sorted(came.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST])
