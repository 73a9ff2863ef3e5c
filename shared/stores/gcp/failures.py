"""What a gRPC status means for the caller."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from grpc import StatusCode
from grpc.aio import AioRpcError, Metadata

from shared.errors import ConflictError, OverQuotaError, RetryableError

AWAY = {StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED, StatusCode.ABORTED, StatusCode.INTERNAL}
CHANGED = {StatusCode.FAILED_PRECONDITION, StatusCode.ALREADY_EXISTS}
BY_NUMBER: dict[int, StatusCode] = {status.value[0]: status for status in StatusCode}


@contextmanager
def failures(what: str, *, conditional: bool = False) -> Iterator[None]:
    """Name failures by consequence; a status that no repetition helps is raised as it came."""
    try:
        yield
    except AioRpcError as error:
        raise failure(error, what, conditional=conditional) from error


def failure(error: AioRpcError, what: str, *, conditional: bool = False) -> Exception:
    """The failure behind a status; of a `conditional` write, that its condition does not hold is a ConflictError."""
    code, text = error.code(), f"{what}: {error.code().name}: {error.details()}"
    if code is StatusCode.RESOURCE_EXHAUSTED:
        return OverQuotaError(text)
    if conditional and (code in CHANGED or is_missing_document(error)):
        return ConflictError(text)
    return RetryableError(text) if code in AWAY else error


def is_missing_document(error: AioRpcError) -> bool:
    """NOT_FOUND speaks of a document; that nobody created the database is another matter."""
    return error.code() is StatusCode.NOT_FOUND and not (error.details() or "").startswith("The database")


def status_error(status: Any) -> AioRpcError:
    """A status that came as part of an answer, as the error that a call of its own would have raised."""
    return AioRpcError(BY_NUMBER[status.code], Metadata(), Metadata(), status.message)
