"""A candidate on its way through the stages."""

from typing import NamedTuple


class Scored(NamedTuple):
    """An item with its blended score in (0, 1].

    Attributes:
        rule: the rule that moved it most, if one did; its score may be above 1 then.
        probability: of being shown at its place, given what stands above; below 1 where chance has chosen.
    """

    item_id: str
    score: float
    rule: str = ""
    probability: float = 1.0
