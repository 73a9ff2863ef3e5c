"""Delivers to writers as Pub/Sub does: what is not acknowledged comes again. And kills writers at random."""

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

from infra.bench.deliveries import Deliveries
from infra.bench.writer import AGAIN
from infra.local.layout import ROOT

WRITERS = 16
TOGETHER = 16
"""Deliveries that one writer has in flight."""

COMMAND = (sys.executable, "-P", "-m", "infra.bench.writer")


class Run(NamedTuple):
    """What the driver has seen.

    Attributes:
        acks: a file with a line for each acknowledged delivery: its number and its outcome.
        cut_off: numbers of the deliveries that a killed writer did not answer; one may stand here twice.
        refused: how often a writer asked for redelivery because the store could not be written.
    """

    acks: Path
    cut_off: list[int]
    refused: int
    killed: int
    seconds: float


class Driver:
    """One run. `environment` tells the writers where the documents are."""

    def __init__(self, deliveries: Deliveries, environment: Mapping[str, str], acks: Path, kills: int):
        self._deliveries = deliveries
        self._environment = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}
        self._acks = acks.open("wb", buffering=0)
        self._waiting = deque(range(len(deliveries.order)))
        self._left = len(deliveries.order)
        self._kills = kills
        self._running: set[Process] = set()
        self._cut_off: list[int] = []
        self._refused = self._killed = 0

    async def run(self, step: Callable[[int], None], writers: int = WRITERS) -> Run:
        """Return when every delivery has been acknowledged."""
        begun = time.monotonic()
        with self._acks:
            try:
                async with asyncio.TaskGroup() as group:
                    for work in (self._kill(), *(self._keep_writing(step) for _ in range(writers))):
                        group.create_task(work)
            finally:  # of a run that failed, nothing goes on
                for process in self._running:
                    with suppress(ProcessLookupError):
                        process.kill()
        seconds = time.monotonic() - begun
        return Run(Path(self._acks.name), self._cut_off, self._refused, self._killed, seconds)

    async def _keep_writing(self, step: Callable[[int], None]) -> None:
        """One writer, and its successors."""
        while self._left:
            process = await asyncio.create_subprocess_exec(
                *COMMAND, stdin=PIPE, stdout=PIPE, env=self._environment, cwd=ROOT
            )
            self._running.add(process)
            while self._left and process in self._running:
                await self._deliver(process, step)
            assert process.stdin is not None  # noqa: S101 - it is a pipe
            process.stdin.close()
            self._running.discard(process)
            if await process.wait() > 0:
                raise RuntimeError(f"a writer ended with {process.returncode}")

    async def _deliver(self, process: Process, step: Callable[[int], None]) -> None:
        together = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
        if not together:
            await asyncio.sleep(0.01)  # the last ones are in flight elsewhere, and may come back
            return
        done = await self._answers(process, together)
        self._left -= len(done)
        step(len(done))
        self._waiting.extendleft(number for number in together if number not in done)

    async def _answers(self, process: Process, together: list[int]) -> set[int]:
        """The numbers that were acknowledged; each is on record before it counts as that."""
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - they are pipes
        order, events = self._deliveries.order, self._deliveries.events
        process.stdin.write(b"".join(b"%d %s\n" % (number, events[order[number]]) for number in together) + b"\n")
        unanswered = set(together)
        done = set()
        while unanswered and (line := await process.stdout.readline()).endswith(b"\n"):
            number, outcome = line.split()
            unanswered.discard(int(number))
            if outcome == AGAIN.encode():
                self._refused += 1
            else:
                self._acks.write(line)
                done.add(int(number))
        if unanswered:
            self._running.discard(process)
            self._cut_off.extend(unanswered)
        return done

    async def _kill(self) -> None:
        """SIGKILL, spread over the run, each at a random moment and to a random writer."""
        rng, total = Random(5), self._left
        for due in sorted(rng.randrange(total) for _ in range(self._kills)):
            while total - self._left < due or not self._running:  # noqa: ASYNC110 - progress has no event
                await asyncio.sleep(rng.uniform(0.001, 0.02))
            victim = rng.choice(sorted(self._running, key=lambda process: process.pid))
            victim.kill()
            self._running.discard(victim)
            self._killed += 1
