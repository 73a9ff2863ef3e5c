"""Post events to a running collect: all of them, through whatever becomes of it meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import NamedTuple

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from infra.local.delivery import Courier
from infra.local.inputs.batches import Batch, cut
from infra.local.inputs.input import Fields
from shared.errors import PermanentError, Problem
from shared.events.parse import Refusal

MAX_BODY_BYTES = 480_000
"""collect takes 512,000 unless told otherwise."""

ANSWER_WITHIN_S = 30.0
KEPT_REFUSALS = 5
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ReplayResult(NamedTuple):
    """What became of the events.

    Attributes:
        sent: events that were answered, accepted or refused.
        retried: how often a batch was sent once more.
        refusals: the first few; `position` is the event's place in the input.
        refused_by_field: refused events by field; an event with two bad fields counts for both.
    """

    sent: int
    accepted: int
    refused: int
    retried: int
    refusals: tuple[Refusal, ...]
    refused_by_field: Mapping[str, int]
    seconds: float


async def replay(
    events: Iterable[Fields],
    url: str,
    *,
    total: int | None = None,
    title: str = "events",
    batch_events: int = 500,
    connections: int = 4,
    patience: timedelta = timedelta(minutes=2),
) -> ReplayResult:
    """Post the events to `{url}/v1/events` and wait for every answer. At most `connections` batches are held at a time.

    A batch that got no answer is sent again. collect may then take an event twice; Attune counts it once.

    Raises:
        PermanentError: there is no collect at the address, or the events cannot be read to their end.
        RetryableError: a batch found no answer for as long as `patience`.
    """
    batches = cut(events, batch_events, MAX_BODY_BYTES)
    tally = _Tally()
    async with _client(url, connections) as client:
        courier = Courier(client, patience)
        with _progress(title, total) as advance:
            # The senders draw from one iterator: a batch is made when one of them is free to send it.
            await _all([_send(batches, courier, tally, advance) for _ in range(connections)])
    return tally.result(courier.retried)


class _Tally:
    def __init__(self) -> None:
        self.sent = self.accepted = self.refused = 0
        self.refusals: list[Refusal] = []
        self.by_field: Counter[str] = Counter()
        self.began = monotonic()

    def result(self, retried: int) -> ReplayResult:
        by_field = dict(self.by_field.most_common())
        seconds = monotonic() - self.began
        return ReplayResult(self.sent, self.accepted, self.refused, retried, tuple(self.refusals), by_field, seconds)


async def _send(batches: Iterator[Batch], courier: Courier, tally: _Tally, advance: Callable[[int], None]) -> None:
    for batch in batches:
        outcome = await courier.deliver(batch)
        tally.sent += len(batch.events)
        tally.accepted += outcome.accepted
        tally.refused += outcome.refused
        for refusal in outcome.refusals:
            tally.by_field.update({problem.field for problem in refusal.problems})
        tally.refusals = sorted([*tally.refusals, *outcome.refusals], key=lambda refusal: refusal.position)[
            :KEPT_REFUSALS
        ]
        advance(len(batch.events))


async def _all(senders: list[Coroutine[None, None, None]]) -> None:
    """Run them together; the first failure ends all of them and is raised as it is."""
    tasks = [asyncio.ensure_future(sender) for sender in senders]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _client(url: str, connections: int) -> httpx.AsyncClient:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in ("http", "https") or not address.host:
        raise PermanentError("cannot replay", (Problem("url", "http://HOST:PORT of a stack", repr(url)),))
    return httpx.AsyncClient(
        base_url=address,
        limits=httpx.Limits(max_connections=connections),
        timeout=ANSWER_WITHIN_S,
        trust_env=address.host not in LOOPBACK,  # a proxy of the environment does not lead to this machine
    )


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f} events/s", style="progress.data.speed")


@contextmanager
def _progress(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, silence in a pipe. Yields what is to be called with each number of events done."""
    console = Console(stderr=True)
    rate = _Rate(Column(no_wrap=True))
    columns = (TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.advance(task, done)
