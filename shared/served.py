"""What all functions have in common around their requests: health, trace, one line in the log, and an end in time."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from functools import wraps
from typing import Any, Protocol, TypeVar

from shared import http, telemetry
from shared.loggers import adopt
from shared.readiness import Needs, Readiness
from shared.stopping import under_way, watch

ALIVE = frozenset(("/healthz", "/livez"))
"""The first is for probes, which ask the container itself: from outside, Cloud Run answers it with a 404 of its own
(https://cloud.google.com/run/docs/known-issues), hence the second."""

READY = "/readyz"


class Asked(Protocol):
    """A request, as far as it is looked at here."""

    @property
    def scope(self) -> MutableMapping[str, Any]: ...


class Answer(Protocol):
    """An answer of the framework's, or a Reply."""

    @property
    def status_code(self) -> int: ...


R = TypeVar("R", bound=Asked)
Handler = Callable[[R], Awaitable[Answer]]
Served = Callable[[R], Coroutine[Any, Any, Any]]
"""Any: the framework gives whatever is an ASGI application, but its types know only its own."""


def served(
    function: str, *, documents: bool = False, warehouse: bool = False, topics: tuple[str, ...] = ()
) -> Callable[[Handler[R]], Served[R]]:
    """A function's handler of requests; what it cannot do without is what `/readyz` asks for."""
    readiness = Readiness(Needs(documents, warehouse, topics))

    def decorate(handler: Handler[R]) -> Served[R]:
        @wraps(handler)
        async def serve(request: R) -> Answer:
            path = request.scope["path"]
            if path in ALIVE:
                return http.json_reply(200, {"status": "ok"})
            if path == READY:
                return await readiness.answer()
            watch()
            adopt()
            work = telemetry.begin(function, request.scope["headers"])
            task = under_way.enter()
            try:
                answer = await handler(request)
            except asyncio.CancelledError:
                work.outcome = "stopped" if under_way.is_over else "cancelled"
                telemetry.end(work, 503)
                if task is None or not under_way.is_over:
                    raise
                task.uncancel()
                return http.try_later()
            except Exception as error:  # noqa: BLE001 - the framework would log the address, which may name a person
                work.outcome = "crashed"
                telemetry.end(work, 500, error)
                return http.error_reply(500, "a bug; it is in the log")
            finally:
                under_way.leave(task)
            telemetry.end(work, answer.status_code)
            return answer

        return serve

    return decorate
