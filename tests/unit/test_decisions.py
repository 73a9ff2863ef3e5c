"""The decision log's way out: few requests, nothing lost that could be published, nothing dropped uncounted."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from shared import decisions
from shared.decision import MOST_BYTES as MOST_RECORD_BYTES
from shared.decisions import BATCH, TOPIC, DecisionLog
from shared.errors import RetryableError
from shared.stopping import UnderWay
from shared.stores.embedded.queue import EmbeddedTopics
from shared.stores.ports import Message, Topics
from shared.tally import Tally, tally


class Flaky:
    """The real topics behind a fault: so many publications fail first."""

    def __init__(self, topics: EmbeddedTopics, failures: int = 0) -> None:
        self.sizes: list[int] = []
        self._topics = topics
        self._failures = failures

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        self.sizes.append(len(messages))
        if len(self.sizes) <= self._failures:
            raise RetryableError("the topic is away")
        await self._topics.publish(topic, messages)

    async def check(self, topic: str) -> None: ...

    async def close(self) -> None:
        await self._topics.close()


@pytest.fixture
def topics(tmp_path: Path) -> EmbeddedTopics:
    opened = EmbeddedTopics(tmp_path / "queue.sqlite", timedelta(seconds=5))
    opened.declare(TOPIC, "kept")
    return opened


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What this test counts."""
    found: dict[str, int] = {}

    def count(_: Tally, group: str, name: str, number: int = 1) -> None:
        found[f"{group} {name}"] = found.get(f"{group} {name}", 0) + number

    monkeypatch.setattr(type(tally), "count", count)
    monkeypatch.setattr(decisions, "BACK_OFF_S", 0.001)
    return found


def opened(topics: Topics) -> DecisionLog:
    return DecisionLog(lambda: topics)


async def test_many_at_once_go_in_few_requests(topics: EmbeddedTopics, counted: dict[str, int]) -> None:
    flaky = Flaky(topics)
    outbox = opened(flaky)
    await asyncio.gather(*(outbox.add(b"%d" % number) for number in range(BATCH + 20)))
    assert flaky.sizes == [BATCH, 20]
    assert topics.pending("kept") == BATCH + 20
    assert counted == {"decisions logged": BATCH + 20}


async def test_a_topic_that_is_away_for_a_while_is_waited_for(topics: EmbeddedTopics, counted: dict[str, int]) -> None:
    outbox = opened(Flaky(topics, failures=3))
    await outbox.add(b"one")
    assert topics.pending("kept") == 1
    assert counted == {"decisions logged": 1}


async def test_what_cannot_be_published_is_dropped_and_counted(topics: EmbeddedTopics, counted: dict[str, int]) -> None:
    outbox = opened(Flaky(topics, failures=4))
    await asyncio.gather(outbox.add(b"one"), outbox.add(b"two"))
    await outbox.add(b"three")
    assert topics.pending("kept") == 1
    assert counted == {"decisions dropped": 2, "decisions logged": 1}


async def test_the_buffer_is_bounded_and_empties(
    topics: EmbeddedTopics, counted: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "MOST_BYTES", 10)
    outbox = opened(Flaky(topics))
    for _ in range(2):
        await asyncio.gather(*(outbox.add(b"12345") for _ in range(3)))
    assert topics.pending("kept") == 4
    assert counted == {"decisions logged": 4, "decisions dropped": 2}


async def test_a_record_that_is_too_long_is_dropped(topics: EmbeddedTopics, counted: dict[str, int]) -> None:
    outbox = opened(Flaky(topics))
    await outbox.add(b"1" * (MOST_RECORD_BYTES + 1), b"1" * MOST_RECORD_BYTES)
    assert topics.pending("kept") == 1
    assert counted == {"decisions logged": 1, "decisions dropped": 1}


async def test_a_caller_that_goes_away_takes_nothing_with_it(topics: EmbeddedTopics, counted: dict[str, int]) -> None:
    outbox = opened(Flaky(topics))
    gone = asyncio.create_task(outbox.add(b"one"))
    await asyncio.sleep(0)
    gone.cancel()
    await outbox.add(b"two")
    async with asyncio.timeout(20):
        while topics.pending("kept") < 2:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
    assert counted == {"decisions logged": 2}


async def test_only_the_first_waits(topics: EmbeddedTopics, counted: dict[str, int]) -> None:
    """Until all are published that come meanwhile: a server that shuts down waits for nobody else."""
    outbox = opened(Flaky(topics))
    first = asyncio.create_task(outbox.add(b"one"))
    await asyncio.sleep(0)
    await outbox.add(b"two")
    assert not first.done()
    await first
    assert topics.pending("kept") == 2


class Refusing(Flaky):
    """Topics that may not be published to."""

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        if not self.sizes:
            self.sizes.append(len(messages))
            raise PermissionError("no")
        await super().publish(topic, messages)


async def test_a_refusal_is_counted_and_the_next_are_sent(topics: EmbeddedTopics, counted: dict[str, int]) -> None:
    outbox = opened(Refusing(topics))
    await outbox.add(b"one")
    await outbox.add(b"two")
    assert topics.pending("kept") == 1
    assert counted == {"decisions dropped": 1, "decisions logged": 1}


class Busy(Flaky):
    """Topics during whose first publication the next decision is made."""

    outbox: DecisionLog

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        await super().publish(topic, messages)
        await self.outbox.add(b"4")


async def test_what_was_published_is_not_dropped_at_the_end(
    topics: EmbeddedTopics, counted: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = UnderWay()
    monkeypatch.setattr(decisions, "under_way", ending)
    busy = Busy(topics)
    busy.outbox = opened(busy)
    first = asyncio.create_task(busy.outbox.add(b"1", b"2", b"3"))
    async with asyncio.timeout(20):
        while not counted:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0)
    ending.end()
    await first
    assert counted == {"decisions logged": 3, "decisions dropped": 1}
