"""Dead letters in Pub/Sub, the service's or its emulator's."""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from google.api_core.exceptions import DeadlineExceeded, NotFound
from google.cloud.pubsub_v1 import SubscriberClient

from infra.local.dead_letters import Letter
from infra.local.layout import DEAD_LETTERS
from shared.errors import PermanentError, Problem
from shared.settings import Settings
from shared.stores.gcp.topics import PubSubTopics
from shared.stores.ports import Message

PAGE = 500
PATIENCE_S = 3.0
EMULATED_PROJECT = "attune-local"


def open_pubsub(settings: Settings, deadline: timedelta) -> tuple["PubSubMail", PubSubTopics]:
    """The letters and the topics of the project. Raises PermanentError if the environment leads to none."""
    emulated = "PUBSUB_EMULATOR_HOST" in os.environ
    if not emulated and not (settings.backend == "gcp" and settings.project):
        expected = "PUBSUB_EMULATOR_HOST, or ATTUNE_BACKEND=gcp and ATTUNE_PROJECT"
        raise PermanentError("cannot replay", (Problem("environment", expected, "neither"),))
    project = settings.project or EMULATED_PROJECT
    return PubSubMail(project), PubSubTopics(project, deadline)


class PubSubMail:
    """Implements Mail. What is read and not acknowledged is held back until the end, or it would be read for ever."""

    def __init__(self, project: str) -> None:
        self._client = SubscriberClient()
        self._subscription = f"projects/{project}/subscriptions/{DEAD_LETTERS}-kept"
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
        ack_ids = [self._held.pop(letter.mark) for letter in letters]
        self._client.acknowledge(subscription=self._subscription, ack_ids=ack_ids)

    def close(self) -> None:
        held = list(self._held.values())
        for start in range(0, len(held), PAGE):
            self._client.modify_ack_deadline(
                subscription=self._subscription, ack_ids=held[start : start + PAGE], ack_deadline_seconds=0
            )
        self._client.close()

    def _pull(self) -> Sequence[Any]:
        try:
            answer = self._client.pull(subscription=self._subscription, max_messages=PAGE, timeout=PATIENCE_S)
        except DeadlineExceeded:
            return []
        except NotFound as error:
            problem = Problem("subscription", self._subscription, "none of that name")
            raise PermanentError("cannot replay", (problem,)) from error
        return list(answer.received_messages)
