"""Dead letters in Pub/Sub, the service's or its emulator's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from google.api_core import exceptions
from google.cloud.pubsub_v1 import SubscriberClient

from shared.errors import PermanentError, Problem, RetryableError
from shared.stores.ports import Letter, Message

PAGE = 500
PATIENCE_S = 3.0
HELD_S = 600  # the longest that Pub/Sub allows
AWAY = (exceptions.ServerError, exceptions.RetryError, exceptions.Aborted, exceptions.TooManyRequests)


class PubSubLetters:
    """Implements Letters. What is not acknowledged is held back until the end, or it would be read for ever."""

    def __init__(self, project: str, subscription: str) -> None:
        self._client = SubscriberClient()
        self._subscription = f"projects/{project}/subscriptions/{subscription}"
        self._held: dict[str, str] = {}

    def read(self) -> list[Letter]:
        letters: list[Letter] = []
        for received in self._pull():
            is_new = received.message.message_id not in self._held
            self._held[received.message.message_id] = received.ack_id  # the latest is the one that counts
            if is_new:
                message = received.message
                content = Message(message.data, message.ordering_key, dict(message.attributes))
                letters.append(Letter(message.message_id, content))
        return letters

    def ack(self, letters: Sequence[Letter]) -> None:
        ack_ids = [self._held[letter.mark] for letter in letters]
        with _failures():
            self._client.acknowledge(subscription=self._subscription, ack_ids=ack_ids)
        for letter in letters:
            del self._held[letter.mark]

    def close(self) -> None:
        with _failures():
            self._hold(list(self._held.values()), 0)
        self._client.close()

    def _pull(self) -> Sequence[Any]:
        with _failures():
            try:
                answer = self._client.pull(subscription=self._subscription, max_messages=PAGE, timeout=PATIENCE_S)
            except exceptions.DeadlineExceeded:
                return []
            except exceptions.NotFound as error:
                problem = Problem("subscription", self._subscription, "none of that name")
                raise PermanentError("no dead letters", (problem,)) from error
            self._hold([received.ack_id for received in answer.received_messages], HELD_S)
        return list(answer.received_messages)

    def _hold(self, ack_ids: Sequence[str], seconds: int) -> None:
        for start in range(0, len(ack_ids), PAGE):
            some = list(ack_ids[start : start + PAGE])
            self._client.modify_ack_deadline(
                subscription=self._subscription, ack_ids=some, ack_deadline_seconds=seconds
            )


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except AWAY as error:
        raise RetryableError(f"dead letters: {error}") from error
