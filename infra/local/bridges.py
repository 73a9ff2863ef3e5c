"""What BigQuery subscriptions do in production, for Pub/Sub's emulator, which has none: topics become tables."""

import asyncio
from collections import Counter
from threading import Event
from time import monotonic

from google.cloud.pubsub_v1 import SubscriberClient

from infra.local import bridge, pubsub
from infra.local.layout import DEAD_LETTERS, TABLES
from shared import wiring
from shared.errors import RetryableError
from shared.settings import Settings
from shared.stores.ports import Message
from shared.telemetry import log

PULL = 1_000
PAUSE_S = 0.1


class Bridges:
    """A thread for each topic that has a table: pulls, appends, acknowledges; at least once, as a subscription.

    Attributes:
        logged: messages appended, by topic; one that was delivered twice counts twice.
    """

    def __init__(self, settings: Settings, project: str) -> None:
        self.logged: Counter[str] = Counter()
        self._settings = settings
        self._project = project
        self._begun: Counter[str] = Counter()
        self._empty: Counter[str] = Counter()
        self._stopping = Event()
        self._threads: list[asyncio.Future[None]] = []

    def start(self) -> None:
        """Begin, on the running loop."""
        loop = asyncio.get_running_loop()
        self._threads = [asyncio.ensure_future(asyncio.to_thread(self._run, topic, loop)) for topic in TABLES]

    async def stop(self) -> None:
        """Finish what has been pulled."""
        self._stopping.set()
        await asyncio.gather(*self._threads)

    async def waiting(self, within_s: float) -> dict[str, int]:
        """By topic, 0 if its subscription has told by a pull begun since the call that it holds nothing; 1 if it has
        told otherwise, or nothing for so long."""
        since, until = dict(self._begun), monotonic() + within_s
        while True:
            waiting = {topic: int(self._empty[topic] <= since.get(topic, 0)) for topic in TABLES}
            if not any(waiting.values()) or monotonic() > until:
                return waiting
            await asyncio.sleep(PAUSE_S / 2)

    def _run(self, topic: str, loop: asyncio.AbstractEventLoop) -> None:
        warehouse = wiring.warehouse(self._settings)
        with SubscriberClient() as subscriber:
            subscription = pubsub.create_pull(subscriber, self._project, topic)
            while not self._stopping.is_set():
                self._begun[topic] += 1
                got = pubsub.pull(subscriber, subscription, PULL)
                if not got:
                    if got is not None:
                        self._empty[topic] = self._begun[topic]
                    self._stopping.wait(PAUSE_S)
                    continue
                try:
                    letters = bridge.append(warehouse, topic, [Message(data) for _, data in got])
                except RetryableError as error:  # not acknowledged, so they come again; some may then be there twice
                    log("WARNING", "rows not appended; they will be pulled again", topic=topic, reason=str(error))
                    subscriber.modify_ack_deadline(
                        subscription=subscription, ack_ids=[ack_id for ack_id, _ in got], ack_deadline_seconds=0
                    )
                    continue
                if letters:
                    publishing = wiring.topics(self._settings).publish(DEAD_LETTERS, letters)
                    asyncio.run_coroutine_threadsafe(publishing, loop).result()
                self.logged[topic] += len(got)
                subscriber.acknowledge(subscription=subscription, ack_ids=[ack_id for ack_id, _ in got])
