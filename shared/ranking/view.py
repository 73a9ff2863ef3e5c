"""Everything that one answer is made of, but for the documents of its candidates."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, NamedTuple

from shared.experiments.arms import Arm
from shared.models.blend import Context
from shared.models.items import Item
from shared.profiles.profile import Profile
from shared.ranking.live import Live
from shared.ranking.propose import Proposed
from shared.ranking.ranking import Ranking
from shared.ranking.reads import Reads
from shared.ranking.request import Wish
from shared.rules.ruling import Ruling


class View(NamedTuple):
    """What the stages look at.

    Attributes:
        wish: as asked; of whoever is held out, for what is popular.
        profile: that of a stranger where the person's counts for nothing.
        numbers: what personas are told by.
        propensities: as they are told.
        items: those that speak for the person.
        forbidden, bought: numbers of items that may not be shown, and of those that may be if they are repeatable.
    """

    wish: Wish
    arm: Arm
    profile: Profile
    now: datetime
    live: Live
    numbers: Mapping[str, float]
    persona: str
    propensities: Mapping[str, Any]
    context: Context
    ruling: Ruling
    items: Mapping[str, Item]
    proposed: Proposed
    ranking: Ranking
    forbidden: AbstractSet[int]
    bought: AbstractSet[int]
    reads: Reads
