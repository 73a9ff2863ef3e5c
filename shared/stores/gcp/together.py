"""What many callers ask at the same time, in one request.

A call costs this process, and the server, far more than what it carries: 16 documents of 4 KB written by 16 calls take
94 µs each of this process's time, by one call 35 (decisions/0028). Nobody waits for a clock or for somebody else's
call: a request takes along what is asked for within four turns of the event loop. An idle process makes the same calls
as without it; the less time it has, the more a turn brings.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from grpc import StatusCode
from grpc.aio import AioRpcError

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")

Group = Sequence[tuple[Ask, asyncio.Future[Answer]]]

TURNS = 4
"""So many until everybody for whom the network has brought something by now has come to ask for the next thing."""


class Together(Generic[Ask, Answer]):
    """Gathers the asks of one event loop. `send` answers each of them, some perhaps with an exception."""

    def __init__(
        self,
        send: Callable[[Sequence[Ask]], Coroutine[Any, Any, Sequence[Answer | Exception]]],
        most: int,
        most_bytes: int,
    ) -> None:
        self._send = send
        self._most = most
        self._most_bytes = most_bytes
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, tuple[Ask, asyncio.Future[Answer]]] = {}
        self._bytes = 0
        self._tasks: set[asyncio.Task[Sequence[Answer | Exception]]] = set()

    async def ask(self, name: str, ask: Ask, size: int = 0) -> Answer:
        """The answer. A name is asked for at most once in a request; `size` is the ask's part in its bytes."""
        if name in self._waiting or len(self._waiting) == self._most or self._bytes + size > self._most_bytes:
            self._start()
        if not self._waiting:
            self._start_after(TURNS)
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._waiting[name] = ask, future
        self._bytes += size
        return await future

    def _start_after(self, turns: int) -> None:
        if turns:
            self._loop.call_soon(self._start_after, turns - 1)
        else:
            self._start()

    def _start(self) -> None:
        group, self._waiting, self._bytes = list(self._waiting.values()), {}, 0
        if group:
            self._run(group)

    def _run(self, group: Group[Ask, Answer]) -> None:
        # A task of its own: a caller that goes away must not take the others' request with it.
        task = self._loop.create_task(self._send([ask for ask, _ in group]))
        self._tasks.add(task)
        task.add_done_callback(partial(self._settle, group))

    def _settle(self, group: Group[Ask, Answer], task: "asyncio.Task[Sequence[Answer | Exception]]") -> None:
        """Settle every future of the group, whatever has happened: somebody waits for each."""
        self._tasks.discard(task)
        answers: Sequence[Answer | BaseException]
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None:
            answers = task.result()
        elif len(group) > 1 and _is_one_at_fault(error):
            for one in group:
                self._run([one])
            return
        else:
            answers = [error] * len(group)
        for (_, future), answer in zip(group, answers, strict=True):
            if future.done():
                continue  # its caller went away
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)


def _is_one_at_fault(error: BaseException) -> bool:
    """A request is invalid as a whole when anything in it is."""
    return isinstance(error, AioRpcError) and error.code() is StatusCode.INVALID_ARGUMENT
