"""One training at a time, on however many instances: a document that somebody holds until it expires."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from shared.errors import ConflictError, RetryableError
from shared.stores.ports import ABSENT, Documents, Fields, Value, Write
from shared.telemetry import log

COLLECTION = "leases"
KEY = "retrain"
LENGTH = timedelta(seconds=90)
PERIOD_S = 20.0
MARGIN = timedelta(seconds=20)
"""Nothing is begun with less than that left: a call to a store ends within its deadline, a quarter of it."""


class TakenError(RetryableError):
    """Somebody else is training, or has taken over."""


class Lease:
    """The right to write models, and what was being trained by a holder who did not come to the end.

    Attributes:
        lost: what the lease's last holder was training when it expired.
    """

    def __init__(
        self,
        documents: Documents,
        clock: Callable[[], datetime],
        fields: Mapping[str, Value],
        version: str,
        lost: Fields,
    ):
        self.lost = lost
        self._documents = documents
        self._clock = clock
        self._fields = fields
        self._version = version
        self._until = _until(fields)
        self._gone = False

    async def check(self) -> None:
        """Raises TakenError unless the lease is held, and for a while yet."""
        if self._until - self._clock() < MARGIN:
            await self.renew()
        if self._gone or self._until - self._clock() < MARGIN:
            raise TakenError("another training has taken over; nothing of this one is live")

    async def renew(self) -> None:
        """Hold it for its whole length again. Raises RetryableError."""
        if self._gone:
            return
        fields = {**self._fields, "until": self._clock() + LENGTH}
        try:
            self._version = await self._documents.put(COLLECTION, KEY, fields, self._version)
            self._until = _until(fields)
        except ConflictError:
            # Also when an answer to a renewal was lost: then the next holder waits until it expires.
            self._gone = True

    async def keep(self) -> None:
        """Renew it now and then, until cancelled."""
        while not self._gone:
            await asyncio.sleep(PERIOD_S)
            try:
                await self.renew()
            except RetryableError as error:
                log("WARNING", "the lease of the training was not renewed", reason=str(error))

    async def release(self) -> None:
        """Let the next one in at once. If that fails, it comes in when the lease expires."""
        with suppress(RetryableError):
            await self._documents.put_all([Write(COLLECTION, KEY, None, self._version)])


@asynccontextmanager
async def leased(
    documents: Documents, clock: Callable[[], datetime], models: Sequence[str] = (), cutoff: datetime | None = None
) -> AsyncIterator[Lease]:
    """Hold the lease, renewed in the background. Raises TakenError while somebody else does."""
    lease = await acquire(documents, clock, models, cutoff)
    keeping = asyncio.create_task(lease.keep())
    try:
        yield lease
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await lease.release()


async def acquire(
    documents: Documents, clock: Callable[[], datetime], models: Sequence[str] = (), cutoff: datetime | None = None
) -> Lease:
    """The lease, if nobody holds it. It says what is to be trained, for the one who finds it expired."""
    found, now = await documents.get(COLLECTION, KEY), clock()
    if found and _until(found.fields) > now:
        raise TakenError("a retraining is running; its models will be live when it ends")
    fields: dict[str, Value] = {
        "holder": uuid4().hex,
        "since": now,
        "until": now + LENGTH,
        "models": list(models),
        "cutoff": cutoff,
    }
    try:
        version = await documents.put(COLLECTION, KEY, fields, found.version if found else ABSENT)
    except ConflictError:
        raise TakenError("another retraining has just begun; its models will be live when it ends") from None
    return Lease(documents, clock, fields, version, found.fields if found else {})


def _until(fields: Fields) -> datetime:
    until = fields.get("until")
    return until if isinstance(until, datetime) else datetime.min.replace(tzinfo=UTC)
