"""Dead letters of an embedded stack: in its folder, whether it runs or not."""

from datetime import timedelta
from pathlib import Path

from infra.local.layout import FUNCTIONS
from shared import wiring
from shared.errors import PermanentError, Problem
from shared.stores.embedded.letters import EmbeddedLetters
from shared.stores.embedded.queue import EmbeddedTopics


def open_embedded(folder: Path, deadline: timedelta) -> tuple[EmbeddedLetters, EmbeddedTopics]:
    """The letters and the topics of the stack in this folder. Raises PermanentError if there is none."""
    file = folder / "queue.sqlite"
    if not file.exists():
        problem = Problem("data", "the folder of a stack that has served", f"no {file.name} in {folder}")
        raise PermanentError("cannot replay", (problem,))
    topics = EmbeddedTopics(file, deadline)
    for function in FUNCTIONS:
        if function.topic:  # a topic without a subscription would keep nothing
            topics.declare(function.topic, function.name)
    return EmbeddedLetters(file, wiring.KEPT_LETTERS, deadline), topics
