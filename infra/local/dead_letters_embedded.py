"""Dead letters of an embedded stack: in its folder, whether it runs or not."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from infra.local.dead_letters import Letter
from infra.local.layout import DEAD_LETTERS, FUNCTIONS
from shared.errors import PermanentError, Problem
from shared.stores.embedded.lanes import Delivery
from shared.stores.embedded.mailbox import SCHEMA, Mailbox
from shared.stores.embedded.queue import EmbeddedTopics
from shared.stores.embedded.sqlite import Database

PAGE = 500


def open_embedded(folder: Path, deadline: timedelta) -> tuple["EmbeddedMail", EmbeddedTopics]:
    """The letters and the topics of the stack in this folder. Raises PermanentError if there is none."""
    file = folder / "queue.sqlite"
    if not file.exists():
        problem = Problem("data", "the folder of a stack that has served", f"no {file.name} in {folder}")
        raise PermanentError("cannot replay", (problem,))
    topics = EmbeddedTopics(file, deadline)
    for function in FUNCTIONS:
        if function.topic:  # a topic without a subscription would keep nothing
            topics.declare(function.topic, function.name)
    return EmbeddedMail(Database(file, SCHEMA, deadline)), topics


class EmbeddedMail:
    """Implements Mail."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mailbox = Mailbox(database, f"{DEAD_LETTERS}-kept", None, lambda _: None)
        self._read: dict[str, Delivery] = {}
        self._last = 0

    def read(self) -> list[Letter]:
        page = self._mailbox.take(self._last, PAGE)
        self._last = page[-1].id if page else self._last
        self._read = {str(delivery.id): delivery for delivery in page}
        return [Letter(mark, delivery.message) for mark, delivery in self._read.items()]

    def ack(self, letters: Sequence[Letter]) -> None:
        self._mailbox.settle([self._read[letter.mark] for letter in letters], [], [])

    def close(self) -> None:
        self._database.close()
