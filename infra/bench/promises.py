"""Promises: what a figure must be at most or at least, and whether it is."""

from typing import Literal, NamedTuple


class Promise(NamedTuple):
    """One promise. `found` is None if nothing could be measured, and then it is not held.

    >>> Promise("p50 × floor", "≤", 1.5, 1.4).is_held, Promise("req/s × floor", "≥", 0.55, None).is_held
    (True, False)
    """

    what: str
    sign: Literal["≤", "≥"]
    bound: float
    found: float | None

    @property
    def is_held(self) -> bool:
        if self.found is None:
            return False
        return self.found <= self.bound if self.sign == "≤" else self.found >= self.bound

    @property
    def promised(self) -> str:
        """In words.

        >>> Promise("p50 × floor", "≤", 1.5, 1.4).promised
        '≤ 1.5'
        """
        return f"{self.sign} {self.bound:g}"
