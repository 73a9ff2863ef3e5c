"""Dead letters in Pub/Sub, the service's or its emulator's."""

import os
from datetime import timedelta

from shared import wiring
from shared.errors import PermanentError, Problem
from shared.settings import Settings
from shared.stores.gcp.letters import PubSubLetters
from shared.stores.gcp.topics import PubSubTopics

EMULATED_PROJECT = "attune-local"


def open_pubsub(settings: Settings, deadline: timedelta) -> tuple[PubSubLetters, PubSubTopics]:
    """The letters and the topics of the project. Raises PermanentError if the environment leads to none."""
    emulated = "PUBSUB_EMULATOR_HOST" in os.environ
    if not emulated and not (settings.backend == "gcp" and settings.project):
        expected = "PUBSUB_EMULATOR_HOST, or ATTUNE_BACKEND=gcp and ATTUNE_PROJECT"
        raise PermanentError("cannot replay", (Problem("environment", expected, "neither"),))
    project = settings.project or EMULATED_PROJECT
    return PubSubLetters(project, wiring.KEPT_LETTERS), PubSubTopics(project, deadline)
