"""Topics in Pub/Sub."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import grpc.aio
from grpc import StatusCode
from grpc.aio import AioRpcError

from shared.errors import RetryableError
from shared.stores.gcp.channels import Channels, routing
from shared.stores.gcp.failures import failures
from shared.stores.gcp.messages import Fields, message_classes
from shared.stores.ports import Message

HOST = "pubsub.googleapis.com:443"

MESSAGES: dict[str, Fields] = {
    "PubsubMessage": {"data": (1, "bytes"), "attributes": (2, "{string}"), "ordering_key": (5, "string")},
    "PublishRequest": {"topic": (1, "string"), "messages": (2, "PubsubMessage*")},
    "PublishResponse": {"message_ids": (1, "string*")},
}
"""Of google/pubsub/v1/pubsub.proto what is used here."""

_made = message_classes("attune.pubsub", MESSAGES)
PublishRequest, PublishResponse = _made["PublishRequest"], _made["PublishResponse"]

MESSAGES_PER_CALL = 1_000
BYTES_PER_CALL = 9_000_000  # the service takes 10 MB


class PubSubTopics:
    """Implements Topics.

    A call is one Publish request. The publisher client, made for callers that publish message by message, would hold
    each back for 10 ms in a thread of its own: 14 ms for a batch of 20 that takes 1.2 so (see performance.md).
    """

    def __init__(self, project: str, deadline: timedelta) -> None:
        self._project = project
        self._timeout = deadline.total_seconds()
        self._channels = Channels(HOST, os.environ.get("PUBSUB_EMULATOR_HOST"), _publish_stub)

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        if messages:
            await self._publish(topic, _requests(self._path(topic), messages))

    async def check(self, topic: str) -> None:
        """Publish nothing, for which no more is needed than for publishing: a topic that there is refuses only that."""
        try:
            await self._publish(topic, [PublishRequest(topic=self._path(topic))])
        except AioRpcError as error:
            if error.code() is not StatusCode.INVALID_ARGUMENT:
                raise

    async def _publish(self, topic: str, requests: Iterable[Any]) -> None:
        metadata = (routing("topic", self._path(topic)), *self._channels.metadata)
        publish = await self._channels.stub()
        with failures(f"topic {topic}"), _retry_when_missing(topic):
            for request in requests:
                await publish(request, timeout=self._timeout, metadata=metadata)

    def _path(self, topic: str) -> str:
        return f"projects/{self._project}/topics/{topic}"

    async def close(self) -> None:
        await self._channels.close()


def _publish_stub(channel: grpc.aio.Channel) -> Any:
    return channel.unary_unary(
        "/google.pubsub.v1.Publisher/Publish", PublishRequest.SerializeToString, PublishResponse.FromString
    )


def _requests(path: str, messages: Sequence[Message]) -> Iterator[Any]:
    """The messages in few requests, each within the limits; one that is larger by itself goes alone."""
    if len(messages) <= MESSAGES_PER_CALL:
        request = _request(path, messages)
        if len(messages) == 1 or request.ByteSize() <= BYTES_PER_CALL:
            yield request
            return
    middle = len(messages) // 2
    yield from _requests(path, messages[:middle])
    yield from _requests(path, messages[middle:])


def _request(path: str, messages: Sequence[Message]) -> Any:
    # All messages of a request must share one ordering key. What they carry commutes, so order is not needed for a
    # right answer, it only spares contention: a batch of several users goes without, instead of in a request for each.
    keys = {message.key for message in messages}
    key = keys.pop() if len(keys) == 1 else ""
    request = PublishRequest(topic=path)
    for message in messages:
        # Filled in place: made first and copied into the request, they take three times as long.
        added = request.messages.add()
        added.data = message.data
        added.ordering_key = key
        for name, value in message.attributes.items():
            added.attributes[name] = value
    return request


@contextmanager
def _retry_when_missing(topic: str) -> Iterator[None]:
    try:
        yield
    except AioRpcError as error:
        if error.code() is StatusCode.NOT_FOUND:
            raise RetryableError(f"topic {topic} does not exist (yet): {error.details()}") from error
        raise
