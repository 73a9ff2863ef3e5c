"""The decision log on its way to its topic: never in an answer's way, bounded, and nothing is dropped uncounted."""

import asyncio
from collections import deque
from collections.abc import Callable

from shared.decision import MOST_BYTES as MOST_RECORD_BYTES
from shared.errors import RetryableError
from shared.stopping import under_way
from shared.stores.ports import Message, Topics
from shared.tally import tally
from shared.telemetry import log

TOPIC = "decisions"

MOST_BYTES = 16_000_000
"""Of decisions that wait; further ones are dropped."""

BATCH = 500
PAUSE_S = 0.05
"""So long decisions gather: a request to publish costs as much for fifty as for one."""

ATTEMPTS = 4
BACK_OFF_S = 0.25


class DecisionLog:
    """One instance's decisions that are still to be published. Belongs to one event loop."""

    def __init__(self, topics: Callable[[], Topics]) -> None:
        """The topics are opened when there is something to publish: a first answer does not wait for that."""
        self._topics = topics
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._sending: asyncio.Task[None] | None = None

    async def add(self, *records: bytes) -> None:
        """Have the decisions published or dropped, which is logged and counted in the tally.

        To be awaited after the answer has gone out. Whoever comes first waits until nothing is left to be sent, and so
        does a server that shuts down, for it waits for them; those who come meanwhile need not.
        """
        for record in records:
            if len(record) > MOST_RECORD_BYTES:
                self._drop(1, f"more than {MOST_RECORD_BYTES:,} bytes in one")
            elif self._bytes + len(record) > MOST_BYTES:
                self._drop(1, f"{MOST_BYTES:,} bytes of them wait already")
            else:
                self._waiting.append(record)
                self._bytes += len(record)
        if self._waiting and self._sending is None:
            self._sending = asyncio.create_task(self._send())
            # Shielded: a caller that goes away must not take the others' decisions with it.
            await asyncio.shield(self._sending)

    async def _send(self) -> None:
        task = under_way.enter()
        batch: list[bytes] = []
        try:
            while self._waiting:
                await asyncio.sleep(PAUSE_S)
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                await self._publish(batch)
                self._bytes -= sum(map(len, batch))
                batch = []
        except asyncio.CancelledError:
            if task is None or not under_way.is_over:
                raise
            task.uncancel()  # for whoever waits this is the end of it
            self._drop(len(batch) + len(self._waiting), "the instance had to end")
        finally:
            under_way.leave(task)
            self._sending = None

    async def _publish(self, batch: list[bytes]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._topics().publish(TOPIC, [Message(record) for record in batch])
            except RetryableError as error:
                if attempt == ATTEMPTS:
                    self._drop(len(batch), str(error))
                else:
                    await asyncio.sleep(BACK_OFF_S * 2 ** (attempt - 1))
            except Exception as error:  # noqa: BLE001 - nobody waits who could be told, and others come after these
                self._drop(len(batch), f"{type(error).__name__}: {error}")
                return
            else:
                tally.count("decisions", "logged", len(batch))
                return

    @staticmethod
    def _drop(number: int, reason: str) -> None:
        tally.count("decisions", "dropped", number)
        log("WARNING", "decisions not logged", number=number, reason=reason)
