"""Dead letters in the queue's SQLite file, whether its stack runs or not."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from shared.stores.embedded.lanes import Delivery
from shared.stores.embedded.mailbox import SCHEMA, Mailbox
from shared.stores.embedded.sqlite import Database
from shared.stores.ports import Letter

PAGE = 500


class EmbeddedLetters:
    """Implements Letters."""

    def __init__(self, path: Path, subscription: str, deadline: timedelta) -> None:
        self._database = Database(path, SCHEMA, deadline)
        self._mailbox = Mailbox(self._database, subscription, None, lambda _: None)
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
