"""Delivery of batches to collect: sent until answered, and the answer read."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import uniform
from time import monotonic
from typing import NamedTuple

import httpx
import msgspec

from infra.local.inputs.batches import Batch
from shared.errors import PermanentError, Problem, RetryableError
from shared.events.parse import Refusal

ROUTE = "/v1/events"
JSON = {"content-type": "application/json"}

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
LONGEST_ASKED_S = 60.0
"""A server may ask for so long a pause; what it asks beyond is not waited for."""


class Outcome(NamedTuple):
    """What collect made of a batch. `position` of a refusal is the event's place in the input."""

    accepted: int
    refused: int
    refusals: tuple[Refusal, ...] = ()


class _Problem(msgspec.Struct):
    field: str
    expected: str
    found: str


class _Refused(msgspec.Struct):
    index: int
    event_id: str | None
    problems: list[_Problem]


class _Answer(msgspec.Struct):
    accepted: int
    refused: int
    errors: list[_Refused] = []


class _WholeAnswer(msgspec.Struct):
    problems: list[_Problem]


class Courier:
    """Delivers batches through one HTTP client and counts what it had to send again."""

    def __init__(self, client: httpx.AsyncClient, patience: timedelta) -> None:
        self.retried = 0
        self._client = client
        self._patience_s = patience.total_seconds()

    async def deliver(self, batch: Batch) -> Outcome:
        """Send the batch until it is answered.

        Raises:
            PermanentError: what answers is not collect.
            RetryableError: nothing answers, or only "later", for as long as the courier's patience.
        """
        response = await self._answer(batch.body)
        if response.status_code in (200, 202, 400) and (outcome := _read(response, batch.first)):
            return outcome
        if response.status_code not in (400, 413):
            found = f"status {response.status_code} {response.text[:100]!r}"
            problem = Problem(str(response.url), "collect (check the address)", found)
            raise PermanentError("cannot deliver events", (problem,))
        if len(batch.events) == 1:
            return Outcome(0, 1, (Refusal(batch.first, None, _whole_problems(response, batch)),))
        # The body was refused as a whole: halve it until it is known which events are to blame.
        one, other = batch.halves()
        return _sum(await self.deliver(one), await self.deliver(other))

    async def _answer(self, body: bytes) -> httpx.Response:
        began, pause_s = monotonic(), FIRST_PAUSE_S
        while True:
            asked_s = 0.0
            try:
                response = await self._client.post(ROUTE, content=body, headers=JSON)
                if response.status_code != httpx.codes.TOO_MANY_REQUESTS and not response.is_server_error:
                    return response
                asked_s, cause = _retry_after_s(response), f"status {response.status_code}"
            except httpx.TransportError as error:
                cause = f"{type(error).__name__} {error}".rstrip()
            wait_s = max(uniform(0.5, 1.5) * pause_s, asked_s)
            if monotonic() + wait_s > began + self._patience_s:
                where = f"no answer from {self._client.base_url} for {self._patience_s:g} s ({cause})"
                raise RetryableError(f"{where}; start the stack and send again: what was counted does not count twice")
            self.retried += 1
            await asyncio.sleep(wait_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _read(response: httpx.Response, first: int) -> Outcome | None:
    try:
        answer = msgspec.json.decode(response.content, type=_Answer)
    except msgspec.DecodeError:
        return None
    refusals = (Refusal(first + error.index, error.event_id, _problems(error.problems)) for error in answer.errors)
    return Outcome(answer.accepted, answer.refused, tuple(refusals))


def _whole_problems(response: httpx.Response, batch: Batch) -> tuple[Problem, ...]:
    try:
        problems = _problems(msgspec.json.decode(response.content, type=_WholeAnswer).problems)
    except msgspec.DecodeError:
        problems = ()
    return problems or (
        Problem("", "an event that collect takes", f"status {response.status_code} for {len(batch.body):,} bytes"),
    )


def _problems(problems: list[_Problem]) -> tuple[Problem, ...]:
    return tuple(Problem(problem.field, problem.expected, problem.found) for problem in problems)


def _sum(one: Outcome, other: Outcome) -> Outcome:
    return Outcome(one.accepted + other.accepted, one.refused + other.refused, one.refusals + other.refusals)


def _retry_after_s(response: httpx.Response) -> float:
    """The pause asked for, as seconds or as a date (RFC 9110, section 10.2.3); 0 if there is none."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_ASKED_S)
    try:
        asked_s = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):  # the latter: a date without a time zone
        return 0.0
    return min(max(asked_s, 0.0), LONGEST_ASKED_S)
