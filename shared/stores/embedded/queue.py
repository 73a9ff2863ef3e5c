"""Topics in one SQLite file: what was published outlives the process, and reaches every declared subscription."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path

from shared.stores.embedded.consumer import Consumer, Handler, Policy
from shared.stores.embedded.mailbox import SCHEMA, Mailbox, store
from shared.stores.embedded.sqlite import Database
from shared.stores.ports import Message

DECLARE = "INSERT INTO subscriptions VALUES (?, ?) ON CONFLICT DO NOTHING"
TOPIC = "SELECT topic FROM subscriptions WHERE subscription = ?"
PENDING = "SELECT count(*) FROM deliveries WHERE ?1 IS NULL OR subscription = ?1"


class EmbeddedTopics:
    """Implements Topics, and delivers. Any number of processes publish; one at a time consumes a subscription."""

    def __init__(self, path: Path, deadline: timedelta) -> None:
        self._database = Database(path, SCHEMA, deadline)
        self._consumers: dict[str, Consumer] = {}

    def declare(self, topic: str, subscription: str) -> None:
        """From now on the topic's messages reach the subscription, also those published by other processes."""
        with self._database.statement() as connection:
            connection.execute(DECLARE, (subscription, topic))
            [known] = connection.execute(TOPIC, (subscription,)).fetchone()
        if known != topic:
            raise ValueError(f"subscription {subscription}: expected its topic {known}, found {topic}")

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """Return when all messages are durable. As on Pub/Sub, a topic without a subscription keeps nothing."""
        with self._database.transaction() as connection:
            reached = store(connection, topic, messages)
        self._wake(reached)

    async def check(self, topic: str) -> None:
        """Any topic will do, once the file can be read."""
        with self._database.statement() as connection:
            connection.execute(TOPIC, (topic,)).fetchone()

    async def consume(
        self,
        subscription: str,
        handler: Handler,
        *,
        batch: int = 500,
        concurrency: int = 1,
        max_attempts: int = 5,
        dead_letter_topic: str | None = None,
        backoff_min: timedelta = timedelta(seconds=1),
        backoff_max: timedelta = timedelta(minutes=1),
    ) -> None:
        """Deliver in chunks of at most `batch`, `concurrency` of them at once, until drained or cancelled."""
        with self._database.statement() as connection:
            if not connection.execute(TOPIC, (subscription,)).fetchone():
                raise ValueError(f"subscription {subscription}: expected one that was declared")
        if subscription in self._consumers:
            raise ValueError(f"subscription {subscription} is being consumed already")
        policy = Policy(batch, concurrency, max_attempts, dead_letter_topic, backoff_min, backoff_max)
        mailbox = Mailbox(self._database, subscription, dead_letter_topic, self._wake)
        self._consumers[subscription] = Consumer(mailbox, handler, policy)
        try:
            await self._consumers[subscription].run()
        finally:
            del self._consumers[subscription]

    def pending(self, subscription: str | None = None) -> int:
        """Deliveries not yet acked, of one subscription or of all."""
        with self._database.statement() as connection:
            return int(connection.execute(PENDING, (subscription,)).fetchone()[0])

    async def drain(self) -> None:
        """Stop taking, finish what is in flight; every `consume` returns."""
        await asyncio.gather(*(consumer.drain() for consumer in self._consumers.values()))

    async def close(self) -> None:
        await self.drain()
        self._database.close()

    def _wake(self, subscriptions: Iterable[str]) -> None:
        for subscription in subscriptions:
            if consumer := self._consumers.get(subscription):
                consumer.wake()
