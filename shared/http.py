"""HTTP as values: a bounded body in, a reply out. The functions turn replies into the framework's responses."""

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple

import msgspec

from shared import telemetry
from shared.errors import OverQuotaError, PermanentError, Problem, RetryableError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON = {"content-type": "application/json"}
RETRY_AFTER_S = 2
OVER_QUOTA_RETRY_AFTER_S = 10
BODILESS = frozenset((204, 304))


class Reply(NamedTuple):
    """Status, body and headers of an answer; an ASGI application that gives it."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}

    @property
    def status_code(self) -> int:
        """The status, by the framework's name for it."""
        return self.status

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        if self.status not in BODILESS:
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class TooLargeError(Exception):
    """The body has more bytes than are read."""


def json_reply(status: int, value: object, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON answer of any value that msgspec encodes."""
    return Reply(status, msgspec.json.encode(value), {**JSON, **(headers or {})})


def error_reply(
    status: int, error: str, problems: tuple[Problem, ...] = (), headers: Mapping[str, str] | None = None
) -> Reply:
    """What is wrong, field by field."""
    return json_reply(status, {"error": error, "problems": [problem._asdict() for problem in problems]}, headers)


def refusal(error: PermanentError, status: int = 400) -> Reply:
    """The answer to input that can never be taken."""
    return error_reply(status, error.reason, error.problems)


def try_later(error: RetryableError | None = None) -> Reply:
    """429 where the platform asks for a slower pace, else 503; both say when to come back. The log is told why."""
    telemetry.note(reason=str(error or ""))
    if isinstance(error, OverQuotaError):
        return error_reply(429, "too many requests", headers={"retry-after": str(OVER_QUOTA_RETRY_AFTER_S)})
    return error_reply(503, "temporarily unavailable", headers={"retry-after": str(RETRY_AFTER_S)})


def not_allowed(*methods: str) -> Reply:
    """The route exists, but not for this method."""
    return error_reply(405, f"use {' or '.join(methods)}", headers={"allow": ", ".join(methods)})


def not_found(path: str, *routes: str) -> Reply:
    """No such route; names those that there are."""
    return error_reply(404, "no such route", (Problem("path", " or ".join(routes), path[:100]),))


async def read_body(chunks: AsyncIterable[bytes], limit: int) -> bytes:
    """The whole body. Raises TooLargeError as soon as more than `limit` bytes have come."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise TooLargeError(f"more than {limit:,} bytes")
    return bytes(body)


def media_type(content_type: str) -> str:
    """The type without its parameters, in lower case.

    >>> media_type("Application/JSON; charset=utf-8")
    'application/json'
    """
    return content_type.partition(";")[0].strip().lower()
