"""Whether what a function needs is there: asked on request, within a deadline, and named where it is not."""

import asyncio
from collections.abc import Awaitable, Iterator
from datetime import timedelta
from time import monotonic
from typing import NamedTuple

from shared import http, wiring
from shared.telemetry import log

DEADLINE = timedelta(seconds=2)
KEPT = timedelta(seconds=2)
"""So long an answer is given again: whoever asks faster costs nothing."""


class Needs(NamedTuple):
    """What a function cannot do its work without."""

    documents: bool = False
    warehouse: bool = False
    topics: tuple[str, ...] = ()


class Readiness:
    """The readiness of one function's instance."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._asked: asyncio.Task[dict[str, str]] | None = None
        self._asked_s = 0.0

    async def answer(self) -> http.Reply:
        """200, or 503 when anything is missing; `dependencies` says which, as `ok` or `missing`."""
        if self._asked is None or (self._asked.done() and monotonic() - self._asked_s > KEPT.total_seconds()):
            self._asked_s = monotonic()
            self._asked = asyncio.create_task(self._ask())
        found = await asyncio.shield(self._asked)
        is_ready = "missing" not in found.values()
        told = {"status": "ready" if is_ready else "not ready", "dependencies": found}
        return http.json_reply(200 if is_ready else 503, told)

    async def _ask(self) -> dict[str, str]:
        asked = dict(_checks(self._needs))
        within = (asyncio.wait_for(check, DEADLINE.total_seconds()) for check in asked.values())
        answers = await asyncio.gather(*within, return_exceptions=True)  # whatever is wrong, it is not there
        for name, answer in zip(asked, answers, strict=True):
            if isinstance(answer, BaseException):
                late = isinstance(answer, TimeoutError)
                reason = f"no answer within {DEADLINE.total_seconds():g} s" if late else str(answer)
                log("WARNING", "not ready", dependency=name, reason=reason)
        return {
            name: "missing" if isinstance(answer, BaseException) else "ok"
            for name, answer in zip(asked, answers, strict=True)
        }


def _checks(needs: Needs) -> Iterator[tuple[str, Awaitable[object]]]:
    if needs.documents:
        yield "documents", _documents()
    if needs.warehouse:
        yield "warehouse", asyncio.to_thread(_warehouse)
    for topic in needs.topics:
        yield f"topic {topic}", _topic(topic)


async def _documents() -> None:
    await wiring.documents(wiring.settings()).get("readiness", "nothing", ())


async def _topic(topic: str) -> None:
    await wiring.topics(wiring.settings()).check(topic)


def _warehouse() -> None:
    wiring.warehouse(wiring.settings()).query("SELECT 1 AS one")
