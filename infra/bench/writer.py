"""One writer, a process of its own that is made to be killed: takes deliveries from its input, a line each, an empty
line after those that are in flight together, and says of each what became of it when that is known."""

import asyncio
import os
import sys
from collections.abc import Iterable

from shared import wiring
from shared.errors import RetryableError
from shared.events.parse import parse_event
from shared.profiles.commit import Committer
from shared.profiles.fold import read_terms
from shared.settings import Settings

AGAIN = "again"
"""The store could not be written: the delivery is not acknowledged."""


def make_committer(settings: Settings) -> Committer:
    """As update_profile makes it, before there is a model."""
    return Committer(wiring.documents(settings), wiring.topics(settings), read_terms(settings), settings, wiring.clock)


async def write(source: Iterable[bytes], settings: Settings) -> None:
    """Until the input ends."""
    committer = make_committer(settings)
    together: list[bytes] = []
    for line in source:
        if line != b"\n":
            together.append(line)
        else:
            await asyncio.gather(*(_answer(committer, settings, delivery) for delivery in together))
            together.clear()
    await wiring.close_all()


async def _answer(committer: Committer, settings: Settings, delivery: bytes) -> None:
    number, _, event = delivery.partition(b" ")
    try:
        outcome: str = await committer.add(parse_event(event, wiring.clock(), settings))
    except RetryableError:
        outcome = AGAIN
    os.write(sys.stdout.fileno(), b"%s %s\n" % (number, outcome.encode()))


if __name__ == "__main__":
    asyncio.run(write(sys.stdin.buffer, wiring.settings()))
