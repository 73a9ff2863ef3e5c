"""Group commit: what waits for one person at the same time shares one read and one write."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Literal, NamedTuple

from shared.errors import RetryableError
from shared.events.event import Event
from shared.profiles import fold
from shared.profiles.draft import Draft

Outcome = fold.Outcome | Literal["erased", "quarantined"]
"""What became of an event: what the fold says, or that it is an erased person's, or of one who counts nowhere now."""

Act = Callable[[Draft, datetime], Awaitable[bool]]
"""Changes the documents of a draft, as of now; says whether that is news."""

MOST_HOPS = 8


class Moved(NamedTuple):
    """The event belongs to this person."""

    person: str


Answer = Outcome | bool | Moved | RetryableError
"""To an event: what became of it, whose it is instead, or that it must come again; to an act: what it said."""


class Ask(NamedTuple):
    """An event to be folded or an act to be done, and who waits for it."""

    work: Event | Act
    future: "asyncio.Future[Outcome | bool]"
    hops: int = 0


Commit = Callable[[str, Sequence[Ask]], Awaitable[Sequence[Answer]]]


class Groups:
    """Those who wait, by person. Belongs to one event loop."""

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._waiting: dict[str, list[Ask]] = {}
        self._under_way: dict[str, list[Ask]] = {}
        self._tasks: set[asyncio.Task[Sequence[Answer]]] = set()

    def join(self, person: str, ask: Ask) -> None:
        """Have it done with the person's next group."""
        if person in self._waiting:
            self._waiting[person].append(ask)
        else:
            self._waiting[person] = [ask]
            self._start(person)

    def is_waiting(self, person: str) -> bool:
        """Whether another group of the person will follow the one under way."""
        return bool(self._waiting.get(person))

    def _start(self, person: str) -> None:
        task = asyncio.create_task(self._take(person))
        self._tasks.add(task)
        task.add_done_callback(partial(self._end, person))

    async def _take(self, person: str) -> Sequence[Answer]:
        """Everybody who has come until now is in the group."""
        group, self._waiting[person] = self._waiting[person], []
        self._under_way[person] = group
        return await self._commit(person, group)

    def _end(self, person: str, task: "asyncio.Task[Sequence[Answer]]") -> None:
        """Settle every future of the group, whatever happened: their requests wait for them."""
        self._tasks.discard(task)
        group = self._under_way.pop(person, [])
        if task.cancelled():  # the loop ends
            for ask in [*group, *self._waiting.pop(person)]:
                ask.future.cancel()
            return
        failure = task.exception()
        for ask, answer in zip(group, [failure] * len(group) if failure else task.result(), strict=True):
            self._settle(ask, answer)
        if self._waiting[person]:
            self._start(person)
        else:
            del self._waiting[person]

    def _settle(self, ask: Ask, answer: Answer | BaseException) -> None:
        if ask.future.done():
            return  # its request went away
        if isinstance(answer, BaseException):
            ask.future.set_exception(answer)
        elif not isinstance(answer, Moved):
            ask.future.set_result(answer)
        elif ask.hops < MOST_HOPS:
            self.join(answer.person, ask._replace(hops=ask.hops + 1))
        else:
            ask.future.set_exception(RetryableError("whose device it is changed again and again"))
