"""What can become of a refold."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.errors import RetryableError


class Refolded(NamedTuple):
    """What a refold did: whose profiles it wrote, how many events count in them, and how many the log lacks."""

    people: Sequence[str]
    events: int
    lacking: int = 0

    def as_json(self) -> dict[str, object]:
        return self._asdict()


class OutdatedError(Exception):
    """The family is another one than was read, or a journal has ended: begin anew, with these people, too."""

    def __init__(self, people: Iterable[str] = ()) -> None:
        super().__init__("the family has changed")
        self.people = set(people)


class LogLacksError(RetryableError):
    """The log does not have, or not yet, what the profiles count."""

    def __init__(self, lacking: int) -> None:
        super().__init__(f"the log lacks {lacking:,} events that the profiles count")
        self.lacking = lacking
