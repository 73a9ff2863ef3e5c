"""A subscription to read from in a test, on either backend."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from google.api_core.exceptions import DeadlineExceeded
from google.cloud import pubsub_v1
from google.pubsub_v1.types import Subscription

from shared import wiring
from shared.settings import Settings
from shared.stores.embedded.lanes import Delivery
from shared.stores.ports import Message


class Subscriber(Protocol):
    """Reads what reaches one subscription."""

    async def read(self, count: int) -> list[Message]:
        """At least so many messages, each acked."""

    async def refuse(self) -> list[Message]:
        """At least one message, nacked."""


class EmbeddedSubscriber:
    """Consumes from the queue."""

    def __init__(self, settings: Settings, topic: str, subscription: str) -> None:
        self._settings = settings
        self._subscription = subscription
        wiring.queue(settings).declare(topic, subscription)

    async def read(self, count: int) -> list[Message]:
        return await self._consume(count, ack=True)

    async def refuse(self) -> list[Message]:
        return await self._consume(1, ack=False)

    async def _consume(self, count: int, *, ack: bool) -> list[Message]:
        taken: list[Message] = []
        enough = asyncio.Event()

        async def take(deliveries: Sequence[Delivery]) -> list[bool]:
            taken.extend(delivery.message for delivery in deliveries)
            if len(taken) >= count:
                enough.set()
            return [ack] * len(deliveries)

        consumer = asyncio.create_task(wiring.queue(self._settings).consume(self._subscription, take))
        await enough.wait()
        await wiring.queue(self._settings).drain()
        await consumer
        return taken


class PubSubSubscriber:
    """Pulls from the emulator."""

    def __init__(self, settings: Settings, topic: str, name: str) -> None:
        self._client = pubsub_v1.SubscriberClient()
        self._path = self._client.subscription_path(settings.project, name)
        topic_path = pubsub_v1.PublisherClient.topic_path(settings.project, topic)
        subscription = Subscription(
            name=self._path, topic=topic_path, enable_message_ordering=True, ack_deadline_seconds=600
        )
        self._client.create_subscription(request=subscription)

    async def read(self, count: int) -> list[Message]:
        return await asyncio.to_thread(self._pull, count, ack=True)

    async def refuse(self) -> list[Message]:
        return await asyncio.to_thread(self._pull, 1, ack=False)

    def _pull(self, count: int, *, ack: bool) -> list[Message]:
        taken: list[Message] = []
        while len(taken) < count:
            try:
                answer = self._client.pull(subscription=self._path, max_messages=1_000, timeout=10, retry=None)
            except DeadlineExceeded:
                continue
            ids = [received.ack_id for received in answer.received_messages]
            if ids and ack:
                self._client.acknowledge(subscription=self._path, ack_ids=ids)
            elif ids:
                self._client.modify_ack_deadline(subscription=self._path, ack_ids=ids, ack_deadline_seconds=0)
            for received in answer.received_messages:
                message = received.message
                taken.append(Message(message.data, message.ordering_key, dict(message.attributes)))
        return taken


def create_topic(settings: Settings, topic: str) -> None:
    """On Pub/Sub a topic must exist; in production it is Terraform's."""
    if settings.backend == "gcp":
        publisher = pubsub_v1.PublisherClient()
        publisher.create_topic(name=publisher.topic_path(settings.project, topic))


def subscribe(settings: Settings, topic: str, subscription: str) -> Subscriber:
    kind = EmbeddedSubscriber if settings.backend == "embedded" else PubSubSubscriber
    return kind(settings, topic, subscription)
