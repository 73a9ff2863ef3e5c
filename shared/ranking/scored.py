"""A candidate on its way through the stages."""

from typing import NamedTuple


class Scored(NamedTuple):
    """An item with its blended score in (0, 1]; what is fresh, or a rule has moved, may have a higher one.

    Attributes:
        rule: the rule that moved it most, if one did.
        probability: of being shown at its place, given what stands above; below 1 where chance has chosen.
    """

    item_id: str
    score: float
    rule: str = ""
    probability: float = 1.0
