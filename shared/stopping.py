"""The end of an instance: SIGTERM, then ten seconds, then SIGKILL (https://cloud.google.com/run/docs/container-contract).

The server stops taking requests and waits for those under way for as long as they last. What is not done after GRACE is
ended here while there is time to say so: its sender is told to come again, instead of hearing nothing.
"""

import asyncio
import signal
import threading
from datetime import timedelta
from functools import cache
from types import FrameType
from typing import Any

GRACE = timedelta(seconds=8)


class UnderWay:
    """The tasks that a stopping instance waits for."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self.is_over = False
        """The time is up: whoever is cancelled now is so for that reason."""

    def enter(self) -> asyncio.Task[Any] | None:
        """The current task is under way; to be told when it no longer is."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        return task

    def leave(self, task: asyncio.Task[Any] | None) -> None:
        if task is not None:
            self._tasks.discard(task)

    def end(self) -> None:
        """Cancel what is still under way."""
        self.is_over = True
        for task in self._tasks:
            task.cancel()


under_way = UnderWay()
"""This instance's."""


@cache
def watch() -> None:
    """Hear of SIGTERM beside the server that serves us, if one does. To be called on its event loop."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop, served_by = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)
    if not callable(served_by):
        return

    def stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(loop.call_later, GRACE.total_seconds(), under_way.end)
        served_by(number, frame)

    signal.signal(signal.SIGTERM, stop)
