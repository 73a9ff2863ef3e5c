"""Deadlines that several reads share, and a breaker that spares a store that is away, and those who wait for it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.errors import RetryableError

T = TypeVar("T")

FAILURES = 5
"""So many in a row open the breaker."""

PAUSE_S = 1.0
"""It stays open for so long; then one call tries, and closes it or keeps it open."""


LATE_S = 0.02
"""A deadline that is noticed so late was missed by a process with too much to do, and says nothing of the store."""


class Breaker:
    """Calls of one store, as one instance sees them."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.has_answered = False
        """Whether the store ever has: the first call has to connect, and takes longer."""

        self._now_s = now_s
        self._failures = 0
        self._until_s = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls are not to be made now. Asked after the pause, it lets one through."""
        if self._failures < FAILURES:
            return False
        now = self._now_s()
        if now < self._until_s:
            return True
        self._until_s = now + PAUSE_S
        return False

    def note(self, succeeded: bool) -> None:
        """What became of a call."""
        if succeeded:
            self.has_answered, self._failures = True, 0
            return
        self._failures += 1
        if self._failures == FAILURES:
            self._until_s = self._now_s() + PAUSE_S


class Deadline:
    """So many seconds for all calls made through it together."""

    def __init__(self, seconds: float, breaker: Breaker) -> None:
        self._until = asyncio.get_running_loop().time() + seconds
        self._breaker = breaker

    async def within(self, call: Awaitable[T], otherwise: T) -> T:
        """What the call returns, if it does in time. It is no matter of the breaker whether it does."""
        try:
            async with asyncio.timeout_at(self._until):
                return await call
        except TimeoutError:
            return otherwise

    async def wait(self, call: Callable[[], Awaitable[T]]) -> T:
        """What the call returns. Raises RetryableError: as the call does, in time, or while the breaker is open."""
        if self._breaker.is_open:
            raise RetryableError("the store has failed several times in a row; it is left alone for a moment")
        try:
            async with asyncio.timeout_at(self._until):
                result = await call()
        except TimeoutError:
            if asyncio.get_running_loop().time() - self._until < LATE_S:
                self._breaker.note(succeeded=False)
            raise RetryableError("the store has not answered within the request's deadline") from None
        except RetryableError:
            self._breaker.note(succeeded=False)
            raise
        self._breaker.note(succeeded=True)
        return result
