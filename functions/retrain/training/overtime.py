"""Work in a thread that can be told to end: a training that never returns must not keep all later ones out."""

import ctypes
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class OvertimeError(BaseException):
    """Raised in the work's thread. Not an Exception: nobody who catches those may go on working."""


class Worker(Generic[T]):
    """A thread of its own, which the end of the process does not wait for.

    Attributes:
        result: of the work, or what it raised.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self.result: Future[T] = Future()
        self._lock = Lock()
        self._is_over = False
        self._thread = Thread(target=self._run, args=(work,), name="training", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Raise OvertimeError in the work, as soon as Python runs in it: a library's call comes to its own end first.

        https://docs.python.org/3/c-api/threads.html (PyThreadState_SetAsyncExc)
        """
        with self._lock:
            if not self._is_over and self._thread.ident is not None:
                thread = ctypes.c_ulong(self._thread.ident)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(OvertimeError))

    def _run(self, work: Callable[[], T]) -> None:
        try:
            try:
                found = work()
            finally:
                with self._lock:  # whoever has it has raised already or sees that there is nothing to raise in
                    self._is_over = True
        except BaseException as error:  # noqa: BLE001 (whoever reads the result gets it)
            self.result.set_exception(error)
        else:
            self.result.set_result(found)
