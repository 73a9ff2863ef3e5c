"""Failures, named by what follows from them (see infra/decisions/0004)."""

from typing import NamedTuple


class Problem(NamedTuple):
    """One thing wrong with one field: what was expected there and what was found."""

    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, found {self.found}"


class PermanentError(Exception):
    """Trying again can never help: the input goes back to its sender, or to the dead letters."""

    def __init__(self, reason: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__("; ".join([reason, *map(str, problems)]))
        self.reason = reason
        self.problems = problems


class RetryableError(Exception):
    """Trying again later may help: a store or a topic is away, contended or out of time."""


class OverQuotaError(RetryableError):
    """Trying again later may help, but slower: the platform refused for the rate, not for its health."""


class ConflictError(RetryableError):
    """Somebody else wrote the document since it was read: read again, apply again, write again."""
