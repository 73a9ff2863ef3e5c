"""Failures, by what can be done about them."""

from collections.abc import Sequence

from attune_client.answers import Problem, Taken


class AttuneError(Exception):
    """No answer that could be used.

    Attributes:
        status: of HTTP; None where no answer came.
        problems: field by field, what was expected and what was found.
    """

    def __init__(self, error: str, status: int | None = None, problems: Sequence[Problem] = ()) -> None:
        super().__init__("; ".join((f"{status} {error}" if status else error, *map(str, problems))))
        self.error = error
        self.status = status
        self.problems = tuple(problems)


class RefusedError(AttuneError):
    """The request will never be answered as it is."""


class DeniedError(AttuneError):
    """The key, the token or IAM does not allow it."""


class UnavailableError(AttuneError):
    """No answer in time, after all attempts; `retry_after_s` says when to come back, where that is known."""

    def __init__(
        self,
        error: str,
        status: int | None = None,
        problems: Sequence[Problem] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(error, status, problems)
        self.retry_after_s = retry_after_s


class UnexpectedAnswerError(AttuneError):
    """Something answers that is not the Attune of this client."""


class EventsRefusedError(RefusedError):
    """Some events were not taken, and never will be as they are; the others were: `taken` tells which."""

    def __init__(self, taken: Taken) -> None:
        problems = [
            Problem(f"events[{refusal.index}].{problem.field}", problem.expected, problem.found)
            for refusal in taken.errors
            for problem in refusal.problems
        ]
        super().__init__(f"{taken.refused} events refused, {taken.accepted} accepted", 400, problems)
        self.taken = taken
