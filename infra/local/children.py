"""Child processes that never outlive us: not even when we are killed without a chance to say goodbye."""

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

# gRPC would run code of its own between fork and exec, and now and then end the child there.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

PR_SET_PDEATHSIG = 1
GRACE = timedelta(seconds=10)
START = timedelta(seconds=120)


class ChildError(Exception):
    """A child process ended, or did not answer in time."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def child(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command whose output goes to a file; stop it at the end.

    Linux sends the signal when the *thread* that started the child ends: start children from one that stays.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else {**os.environ, **environment},
            preexec_fn=_dies_with_parent(),
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(GRACE.total_seconds())
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_answer(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return when the child answers HTTP. Raises ChildError with the end of its output when it does not."""
    deadline = time.monotonic() + START.total_seconds()
    while not _answers(port):
        if process.poll() is not None:
            raise ChildError(f"{process.args!r} ended with {process.returncode}:\n{tail(log)}")
        if time.monotonic() > deadline:
            raise ChildError(f"{process.args!r} does not answer on port {port} after {START}:\n{tail(log)}")
        time.sleep(0.05)


def tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _dies_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()  # loaded here: between fork and exec only calls are safe

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask
