"""Topics and subscriptions as infra/terraform declares them, made on the Pub/Sub emulator."""

import contextlib

from google.api_core.exceptions import AlreadyExists, DeadlineExceeded
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.protobuf.duration_pb2 import Duration

from infra.local.layout import DEAD_LETTERS, MAX_ATTEMPTS, TOPICS

ACK_DEADLINE_S = 60
PULL_S = 5.0


def create_topics(project: str) -> None:
    """Every topic, and the subscription that keeps the dead letters."""
    with PublisherClient() as publisher, SubscriberClient() as subscriber:
        for topic in TOPICS:
            try:
                publisher.create_topic(name=_topic(project, topic))
            except AlreadyExists:
                continue
        _create(subscriber, project, DEAD_LETTERS, f"{DEAD_LETTERS}-kept", {})


def create_push(project: str, topic: str, name: str, url: str) -> None:
    """A push subscription with order by key, back-off and dead letters."""
    options = {
        "push_config": {"push_endpoint": f"{url}/"},
        "enable_message_ordering": True,
        "retry_policy": {"minimum_backoff": Duration(seconds=1), "maximum_backoff": Duration(seconds=60)},
        "dead_letter_policy": {
            "dead_letter_topic": _topic(project, DEAD_LETTERS),
            "max_delivery_attempts": MAX_ATTEMPTS,
        },
    }
    with SubscriberClient() as subscriber:
        _create(subscriber, project, topic, name, options)


def create_pull(subscriber: SubscriberClient, project: str, topic: str) -> str:
    """A pull subscription for the bridge; returns its full name."""
    return _create(subscriber, project, topic, f"{topic}-to-warehouse", {})


def pull(subscriber: SubscriberClient, subscription: str, most: int) -> list[tuple[str, bytes]] | None:
    """(ack id, data) of what waits there, or of some of it; None if the emulator has not answered in time.

    An answer at once, though deprecated for the service: only so does "none" say that there is none.
    """
    request = {"subscription": subscription, "max_messages": most, "return_immediately": True}
    try:
        response = subscriber.pull(request=request, timeout=PULL_S)
    except DeadlineExceeded:
        return None
    return [(received.ack_id, received.message.data) for received in response.received_messages]


def _create(subscriber: SubscriberClient, project: str, topic: str, name: str, options: dict[str, object]) -> str:
    subscription = f"projects/{project}/subscriptions/{name}"
    request = {"name": subscription, "topic": _topic(project, topic), "ack_deadline_seconds": ACK_DEADLINE_S, **options}
    with contextlib.suppress(AlreadyExists):
        subscriber.create_subscription(request=request)
    return subscription


def _topic(project: str, topic: str) -> str:
    return f"projects/{project}/topics/{topic}"
