"""The loop that takes a subscription's backlog to its handler and settles the answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple, Protocol

from shared.errors import RetryableError
from shared.stores.embedded.lanes import Delivery, Lanes

logger = logging.getLogger(__name__)

POLL = timedelta(milliseconds=200)
"""How late, at most, a message published by another process is seen."""

Handler = Callable[[Sequence[Delivery]], Awaitable[Sequence[bool]]]
"""Says for each delivery of a chunk whether it is done with (ack) or must come again (nack)."""


class Policy(NamedTuple):
    """How a subscription is consumed. Without a dead-letter topic a delivery is tried forever."""

    batch: int
    concurrency: int
    max_attempts: int
    dead_letter_topic: str | None
    backoff_min: timedelta
    backoff_max: timedelta

    def backoff(self, attempt: int) -> float:
        longest = self.backoff_max.total_seconds()
        return min(longest, self.backoff_min.total_seconds() * 2.0 ** min(attempt - 1, 30))

    def gives_up(self, delivery: Delivery) -> bool:
        return self.dead_letter_topic is not None and delivery.attempt >= self.max_attempts


class Backlog(Protocol):
    """What a consumer needs of the queue. Both may raise RetryableError."""

    def take(self, after: int, limit: int) -> list[Delivery]:
        """The next deliveries by id."""

    def settle(self, acked: Sequence[Delivery], nacked: Sequence[Delivery], dead: Sequence[Delivery]) -> None:
        """Make the answers durable, together."""


class Consumer:
    """One subscription's consumer. What is in flight is known in memory only: after a crash it comes again at once."""

    def __init__(self, backlog: Backlog, handler: Handler, policy: Policy) -> None:
        self._backlog = backlog
        self._handler = handler
        self._policy = policy
        self._lanes = Lanes()
        self._capacity = max(1_000, 4 * policy.batch * policy.concurrency)
        self._last = 0
        self._in_flight = 0
        self._draining = False
        self._wake = asyncio.Event()
        self._stopped = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """Look for messages now. From another thread it does nothing: the poll finds them."""
        if asyncio.get_running_loop() is self._loop:
            self._wake.set()

    async def drain(self) -> None:
        """Stop taking, finish what is in flight."""
        self._draining = True
        self._wake.set()
        await self._stopped.wait()

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                while not self._draining:
                    self._wake.clear()
                    self._load()
                    while self._in_flight < self._policy.concurrency and (chunk := self._take()):
                        self._in_flight += 1
                        group.create_task(self._deliver(chunk))
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), self._pause())
        finally:
            self._stopped.set()

    def _load(self) -> None:
        room = self._capacity - self._lanes.held
        if room < self._capacity // 2:
            return
        try:
            found = self._backlog.take(self._last, room)
        except RetryableError as error:
            logger.warning("the backlog cannot be read yet: %s", error)
            return
        if found:
            self._last = found[-1].id
            self._lanes.add(found)

    def _take(self) -> list[Delivery]:
        return self._lanes.take(self._policy.batch, self._loop.time())

    def _pause(self) -> float:
        due = self._lanes.next_due()
        longest = POLL.total_seconds()
        return longest if due is None else max(0.0, min(longest, due - self._loop.time()))

    async def _deliver(self, chunk: Sequence[Delivery]) -> None:
        # gather instead of try: whatever the handler raises is an answer here, only our own cancellation is not.
        [answers] = await asyncio.gather(self._handler(chunk), return_exceptions=True)
        if isinstance(answers, BaseException):
            logger.error("handler failed, %d deliveries come again", len(chunk), exc_info=answers)
            answers = [False] * len(chunk)
        self._settle(chunk, answers)
        self._in_flight -= 1
        self._wake.set()

    def _settle(self, chunk: Sequence[Delivery], answers: Sequence[bool]) -> None:
        acked = [delivery for delivery, done in zip(chunk, answers, strict=True) if done]
        failed = [delivery for delivery, done in zip(chunk, answers, strict=True) if not done]
        dead = [delivery for delivery in failed if self._policy.gives_up(delivery)]
        nacked = [delivery for delivery in failed if not self._policy.gives_up(delivery)]
        try:
            self._backlog.settle(acked, nacked, dead)
        except RetryableError as error:
            logger.warning("answers cannot be stored, %d deliveries come again: %s", len(chunk), error)
            nacked = list(chunk)
        now = self._loop.time()
        again = [(now + self._policy.backoff(d.attempt), d._replace(attempt=d.attempt + 1)) for d in nacked]
        self._lanes.settle(chunk, again)
