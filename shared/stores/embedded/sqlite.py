"""One SQLite file that several processes and threads may share."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Lock

from shared.errors import RetryableError


class Database:
    """A connection in write-ahead mode: what was committed survives the death of the process.

    Calls are made straight on the event loop: they take tens of microseconds, a hand-over to a thread takes more.
    Only another process that holds the write lock can make one wait, and for `deadline` at most.
    """

    def __init__(self, path: Path, schema: str, deadline: timedelta) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        with _retryable(path):
            self._connection = sqlite3.connect(
                path, timeout=deadline.total_seconds(), isolation_level=None, check_same_thread=False
            )
            _write_ahead(self._connection, time.monotonic() + deadline.total_seconds())
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(schema)
        self._path = path

    @contextmanager
    def statement(self) -> Iterator[sqlite3.Connection]:
        """For a single statement, which is a transaction of its own."""
        with self._lock, _retryable(self._path):
            yield self._connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """For statements that take effect together or not at all."""
        with self.statement() as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield connection

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _write_ahead(connection: sqlite3.Connection, until: float) -> None:
    """SQLite's own patience does not cover this step: of several that open a new file, all but one are refused."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.005)
        else:
            return


@contextmanager
def _retryable(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise RetryableError(f"{path}: {error}") from error
