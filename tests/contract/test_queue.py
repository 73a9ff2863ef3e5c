"""What the embedded queue promises beyond the Topics port: it also delivers."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from shared.stores.embedded.consumer import Handler
from shared.stores.embedded.lanes import Delivery
from shared.stores.embedded.queue import EmbeddedTopics
from shared.stores.ports import Message

SOON = timedelta(milliseconds=1)
PUBLISH = """
import asyncio, sys
from pathlib import Path
from tests.contract.test_queue import opened
from shared.stores.ports import Message
asyncio.run(opened(Path(sys.argv[1])).publish("events", [Message(b"from afar")]))
"""
TAKE_AND_HANG = """
import asyncio, sys
from pathlib import Path
from tests.contract.test_queue import opened

async def hang(deliveries):
    print(len(deliveries), flush=True)
    await asyncio.sleep(600)

asyncio.run(opened(Path(sys.argv[1])).consume("first", hang))
"""


def opened(path: Path) -> EmbeddedTopics:
    return EmbeddedTopics(path, timedelta(seconds=30))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.sqlite"


@pytest.fixture
async def queue(path: Path) -> AsyncIterator[EmbeddedTopics]:
    queue = opened(path)
    queue.declare("events", "first")
    yield queue
    await queue.close()


class Recorder:
    """A handler that answers as it is told, and remembers."""

    def __init__(self, answer: Callable[[Delivery], bool] = lambda _: True) -> None:
        self.chunks: list[list[Delivery]] = []
        self._answer = answer
        self._grown = asyncio.Event()

    async def __call__(self, deliveries: Sequence[Delivery]) -> list[bool]:
        self.chunks.append(list(deliveries))
        self._grown.set()
        return [self._answer(delivery) for delivery in deliveries]

    @property
    def data(self) -> list[bytes]:
        return [delivery.message.data for chunk in self.chunks for delivery in chunk]

    async def until(self, count: int) -> None:
        while len(self.data) < count:
            self._grown.clear()
            await self._grown.wait()


async def consume_all(queue: EmbeddedTopics, handler: Handler, subscription: str = "first", **options: Any) -> None:
    """Consume until nothing is pending."""
    consumer = asyncio.create_task(queue.consume(subscription, handler, **options))
    while queue.pending(subscription) and not consumer.done():
        await asyncio.wait([consumer], timeout=0.001)
    await queue.drain()
    await consumer


def numbered(count: int, key: str = "") -> list[Message]:
    return [Message(f"{n}".encode(), key) for n in range(count)]


async def test_a_topic_without_subscription_keeps_nothing(queue: EmbeddedTopics) -> None:
    await queue.publish("other", numbered(3))
    queue.declare("other", "second")
    assert queue.pending() == 0


async def test_declaring_again_changes_nothing_and_another_topic_is_refused(queue: EmbeddedTopics) -> None:
    await queue.publish("events", numbered(2))
    queue.declare("events", "first")
    assert queue.pending("first") == 2
    with pytest.raises(ValueError, match="expected its topic events, found other"):
        queue.declare("other", "first")


async def test_only_what_is_declared_and_free_can_be_consumed(queue: EmbeddedTopics) -> None:
    with pytest.raises(ValueError, match="declared"):
        await queue.consume("unknown", Recorder())
    consumer = asyncio.create_task(queue.consume("first", Recorder()))
    await asyncio.sleep(0)
    with pytest.raises(ValueError, match="already"):
        await queue.consume("first", Recorder())
    await queue.drain()
    await consumer


async def test_pending_counts_until_the_ack(queue: EmbeddedTopics) -> None:
    queue.declare("events", "second")
    await queue.publish("events", numbered(3))
    assert (queue.pending(), queue.pending("first"), queue.pending("second")) == (6, 3, 3)
    recorder = Recorder()
    await consume_all(queue, recorder)
    assert (queue.pending(), queue.pending("first"), queue.pending("second")) == (3, 0, 3)
    assert recorder.data == [b"0", b"1", b"2"]


async def test_a_waiting_consumer_is_woken_by_publish(queue: EmbeddedTopics) -> None:
    recorder = Recorder()
    consumer = asyncio.create_task(queue.consume("first", recorder))
    for count in range(1, 4):
        await queue.publish("events", [Message(b"x")])
        await recorder.until(count)
    await queue.drain()
    await consumer


async def test_chunks_and_their_number_are_bounded(queue: EmbeddedTopics) -> None:
    running, most = 0, 0
    sizes: list[int] = []

    async def handler(deliveries: Sequence[Delivery]) -> list[bool]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        sizes.append(len(deliveries))
        await asyncio.sleep(0.001)
        running -= 1
        return [True] * len(deliveries)

    await queue.publish("events", numbered(100))
    await consume_all(queue, handler, batch=7, concurrency=3)
    assert most == 3
    assert max(sizes) == 7
    assert sum(sizes) == 100


async def test_a_nack_comes_again_with_its_attempt_counted(queue: EmbeddedTopics) -> None:
    recorder = Recorder(lambda delivery: delivery.message.data != b"1" or delivery.attempt == 3)
    await queue.publish("events", numbered(3))
    await consume_all(queue, recorder, backoff_min=SOON)
    tries = [(delivery.message.data, delivery.attempt) for chunk in recorder.chunks for delivery in chunk]
    assert tries == [(b"0", 1), (b"1", 1), (b"2", 1), (b"1", 2), (b"1", 3)]


async def test_an_exception_of_the_handler_nacks_the_whole_chunk(
    queue: EmbeddedTopics, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()

    async def fails_once(deliveries: Sequence[Delivery]) -> list[bool]:
        answers = await recorder(deliveries)
        if len(recorder.chunks) == 1:
            raise KeyError("a bug")
        return answers

    await queue.publish("events", numbered(3))
    await consume_all(queue, fails_once, backoff_min=SOON)
    assert Counter(recorder.data) == {b"0": 2, b"1": 2, b"2": 2}
    assert "a bug" in caplog.text


async def test_after_the_last_attempt_the_original_goes_to_the_dead_letters(queue: EmbeddedTopics) -> None:
    queue.declare("dead-letters", "dead")
    await queue.publish("events", [Message(b"\xff bad", "key", {"kind": "click"}), Message(b"good")])
    recorder = Recorder(lambda delivery: delivery.message.data == b"good")
    await consume_all(queue, recorder, backoff_min=SOON, max_attempts=3, dead_letter_topic="dead-letters")
    assert Counter(recorder.data) == {b"\xff bad": 3, b"good": 1}
    published = recorder.chunks[0][0].published_at

    letters = Recorder()
    await consume_all(queue, letters, "dead")
    assert [delivery.message for delivery in letters.chunks[0]] == [
        Message(
            b"\xff bad",
            "key",
            {
                "kind": "click",
                "CloudPubSubDeadLetterSourceSubscription": "first",
                "CloudPubSubDeadLetterSourceDeliveryCount": "3",
                "CloudPubSubDeadLetterSourceTopicPublishTime": published.isoformat().replace("+00:00", "Z"),
            },
        )
    ]
    assert queue.pending() == 0


async def test_attempts_are_counted_across_restarts(path: Path, queue: EmbeddedTopics) -> None:
    await queue.publish("events", numbered(1))
    refusing = Recorder(lambda _: False)
    consumer = asyncio.create_task(queue.consume("first", refusing, backoff_min=SOON))
    await refusing.until(2)
    await queue.drain()
    await consumer
    again = opened(path)
    recorder = Recorder()
    await consume_all(again, recorder)
    assert recorder.chunks[0][0].attempt == len(refusing.data) + 1
    await again.close()


async def test_deliveries_of_a_key_are_never_in_flight_at_the_same_time(queue: EmbeddedTopics) -> None:
    in_flight: set[str] = set()
    together: set[str] = set()
    seen: dict[str, list[int]] = {"a": [], "b": [], "c": []}

    async def handler(deliveries: Sequence[Delivery]) -> list[bool]:
        keys = {delivery.message.key for delivery in deliveries}
        together.update(keys & in_flight)
        in_flight.update(keys)
        await asyncio.sleep(0.001)
        in_flight.difference_update(keys)
        answers = [int(delivery.message.data) % 5 > 0 or delivery.attempt > 1 for delivery in deliveries]
        for delivery, done in zip(deliveries, answers, strict=True):
            if done:
                seen[delivery.message.key].append(int(delivery.message.data))
        return answers

    await queue.publish("events", [Message(f"{n}".encode(), "abc"[n % 3]) for n in range(60)])
    await consume_all(queue, handler, batch=1, concurrency=8, backoff_min=SOON)
    assert not together
    assert seen == {key: list(range(start, 60, 3)) for start, key in enumerate("abc")}


async def test_drain_finishes_what_is_in_flight_and_leaves_the_rest(queue: EmbeddedTopics) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def handler(deliveries: Sequence[Delivery]) -> list[bool]:
        started.set()
        await finish.wait()
        return [True] * len(deliveries)

    await queue.publish("events", numbered(5))
    consumer = asyncio.create_task(queue.consume("first", handler, batch=2))
    await started.wait()
    draining = asyncio.create_task(queue.drain())
    await asyncio.sleep(0)
    assert not draining.done()
    finish.set()
    await draining
    await consumer
    assert queue.pending() == 3


async def test_a_cancelled_consumer_acks_nothing(queue: EmbeddedTopics) -> None:
    started = asyncio.Event()

    async def hang(_: Sequence[Delivery]) -> list[bool]:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    await queue.publish("events", numbered(2))
    consumer = asyncio.create_task(queue.consume("first", hang))
    await started.wait()
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    recorder = Recorder()
    await consume_all(queue, recorder)
    assert recorder.data == [b"0", b"1"]


async def test_messages_of_another_process_arrive(path: Path, queue: EmbeddedTopics) -> None:
    recorder = Recorder()
    consumer = asyncio.create_task(queue.consume("first", recorder))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PUBLISH, str(path))
    assert await process.wait() == 0
    await recorder.until(1)
    assert recorder.data == [b"from afar"]
    await queue.drain()
    await consumer


async def test_what_a_killed_process_had_in_flight_comes_again_at_once(path: Path, queue: EmbeddedTopics) -> None:
    await queue.publish("events", numbered(3))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", TAKE_AND_HANG, str(path), stdout=PIPE)
    assert process.stdout
    assert await process.stdout.readline() == b"3\n"
    process.kill()
    await process.wait()
    recorder = Recorder()
    await consume_all(queue, recorder)
    assert recorder.data == [b"0", b"1", b"2"]
    assert [delivery.attempt for delivery in recorder.chunks[0]] == [1, 1, 1]


async def test_acked_messages_leave_the_file(path: Path, queue: EmbeddedTopics) -> None:
    queue.declare("events", "second")
    await queue.publish("events", numbered(10))
    await consume_all(queue, Recorder())
    with queue._database.statement() as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (10,)
    await consume_all(queue, Recorder(), "second")
    with queue._database.statement() as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (0,)


async def test_more_than_fits_in_memory_is_delivered(queue: EmbeddedTopics) -> None:
    await queue.publish("events", numbered(5_000))
    recorder = Recorder()
    await consume_all(queue, recorder, batch=10, concurrency=2)
    assert recorder.data == [message.data for message in numbered(5_000)]
