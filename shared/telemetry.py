"""What the functions log: one JSON line on standard error for each request or message, and what went wrong meanwhile.

The fields of a line (those of Cloud Logging keep its names; log-based metrics read the others):

| field | meaning |
| --- | --- |
| `severity` | INFO; WARNING for what must come again, dead letters, answers from memory alone; ERROR for a bug |
| `message` | function and outcome, or what went wrong, in words |
| `function` | the function's name |
| `outcome` | what became of it, one of a few words: see OUTCOMES, and what a function says itself (`applied`, …) |
| `count` | how many events, items, messages or answers that is about |
| `refused` | how many of the same request were not taken; only where there are any |
| `status` | the HTTP status |
| `ms` | from the request's first byte read by us to its answer |
| `freshness_ms` | from the event's receipt by collect to its profile written; only where one was written |
| `reason` | why it must come again; only then |
| `stack_trace` | where a bug was, without the error's text, which may hold what somebody sent; only then |
| `logging.googleapis.com/trace` | projects/PROJECT/traces/TRACE; the same from collect to the profile |

Never a person's id, address or key, nor a request's address and query.
"""

import os
import sys
import traceback
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from time import perf_counter

import msgspec

from shared import tracing, wiring

Scalar = str | int | float | bool | None

OUTCOMES = ("ok", "partial", "refused", "over_quota", "unavailable", "stopped", "cancelled", "crashed")
"""Where a function does not say: done; done in part; refused; too fast, a store is away, or not done before the
instance had to end, all three to come again; the caller went away; a bug."""

WARNINGS = frozenset(("over_quota", "unavailable", "stopped", "dead_letter", "degraded"))
MOST_CHARACTERS = 10_000

STDERR = 2
"""Cloud Run reads both; standard output is for what programs answer."""


_encode = msgspec.json.Encoder().encode


class Work(msgspec.Struct):
    """A request or message that is being worked on. What is said of it while that lasts is logged at its end."""

    function: str
    parent: str
    """The trace that it belongs to, as `shared.tracing` has it."""

    started_s: float
    outcome: str = ""
    count: int = 1
    refused: int = 0
    freshness_ms: float | None = None
    reason: str = ""


class _Line(msgspec.Struct, omit_defaults=True):
    severity: str
    message: str
    function: str
    outcome: str
    count: int
    status: int
    ms: float
    trace: str = msgspec.field(name="logging.googleapis.com/trace")
    refused: int = 0
    freshness_ms: float | None = None
    reason: str = ""
    stack_trace: str = ""


_work: ContextVar[Work | None] = ContextVar("work", default=None)


def begin(function: str, headers: Iterable[tuple[bytes, bytes]]) -> Work:
    """A request comes in, with raw ASGI headers: what follows in this context belongs to its trace, or to a new one."""
    work = Work(function, tracing.from_headers(headers) or tracing.new_parent(), perf_counter())
    _work.set(work)
    return work


def resume(attributes: Mapping[str, str] | None) -> None:
    """The request brings a message: it belongs to the trace of whoever published that."""
    work = _work.get()
    if work is not None and (parent := tracing.from_attributes(attributes)):
        work.parent = parent


def note(outcome: str = "", *, count: int | None = None, refused: int = 0, reason: str = "") -> None:
    """Say what became of the request being worked on; what is not said stays as it was."""
    work = _work.get()
    if work is not None:
        work.outcome = outcome or work.outcome
        work.count = work.count if count is None else count
        work.refused = refused or work.refused
        work.reason = reason or work.reason


def note_freshness(ms: float) -> None:
    """The event being worked on came in so long before its profile was written."""
    work = _work.get()
    if work is not None:
        work.freshness_ms = max(0.0, round(ms, 3))  # two machines' clocks


def trace_id() -> str | None:
    """The trace of the request being worked on, for what is kept of it."""
    work = _work.get()
    return None if work is None else tracing.trace_of(work.parent)


def carried() -> dict[str, str]:
    """The attributes by which a message takes the trace along."""
    work = _work.get()
    return {} if work is None else {tracing.ATTRIBUTE: work.parent}


def end(work: Work, status: int, crash: Exception | None = None) -> None:
    """Log the request's line."""
    mode = wiring.settings().log
    if mode == "off":
        return
    outcome = work.outcome or _outcome(status)
    severity = "ERROR" if outcome == "crashed" else "WARNING" if outcome in WARNINGS else "INFO"
    ms = round((perf_counter() - work.started_s) * 1_000, 3)
    if mode == "text":
        if severity != "INFO":
            _print(severity, f"{work.function}: {outcome}", {"reason": work.reason}, crash)
        return
    line = _Line(
        severity,
        f"{work.function}: {outcome}",
        work.function,
        outcome,
        work.count,
        status,
        ms,
        _trace(work.parent),
        work.refused,
        work.freshness_ms,
        work.reason[:MOST_CHARACTERS],
        where(crash) if crash else "",
    )
    os.write(STDERR, _encode(line) + b"\n")  # one call: lines of several threads and processes do not mix


def log(severity: str, message: str, **fields: Scalar) -> None:
    """Write one line beside those of the requests. Severity: DEBUG, INFO, WARNING, ERROR."""
    mode, work = wiring.settings().log, _work.get()
    if mode == "text" and severity in ("WARNING", "ERROR"):
        _print(severity, message, fields)
    elif mode == "json":
        line: dict[str, Scalar] = {"severity": severity, "message": message}
        if work is not None:
            line |= {"function": work.function, "logging.googleapis.com/trace": _trace(work.parent)}
        line |= {name: value[:MOST_CHARACTERS] if isinstance(value, str) else value for name, value in fields.items()}
        os.write(STDERR, _encode(line) + b"\n")


def _outcome(status: int) -> str:
    if status < 400:
        return "ok"
    if status < 500:
        return "refused" if status != 429 else "over_quota"
    return "unavailable"


def _trace(parent: str) -> str:
    return f"projects/{wiring.settings().project or 'local'}/traces/{tracing.trace_of(parent)}"


def where(crash: BaseException) -> str:
    """The stack trace without the error's text, in the form that Error Reporting knows."""
    frames = "".join(traceback.format_tb(crash.__traceback__))
    return f"Traceback (most recent call last):\n{frames}{type(crash).__name__}\n"


def _print(severity: str, message: str, fields: Mapping[str, Scalar], crash: Exception | None = None) -> None:
    """For people: only what deserves their attention."""
    told = ", ".join(f"{name}: {value}" for name, value in fields.items() if value)
    stack_trace = "".join(traceback.format_exception(crash)) if crash else ""
    sys.stderr.write(f"{severity} {message}{f' ({told})' if told else ''}\n{stack_trace}")
