"""How much each source of candidates has to say, by context, as learned from what people did next; and the ladder.

What is known decides who has something to say; no rule switches between them. Each step adds to those above it:

| known of the person | who proposes                                                                                |
| ------------------- | ------------------------------------------------------------------------------------------- |
| whatever, untrained | catalogue: of up to 500 items the newest, first those of categories that the person likes   |
| nothing             | trending, popularity                                                                        |
| 1 item met          | neighbours, next, category, content: by that item; persona, trending: among their persona   |
|                     | sessions: by the items of the visit, where that has been found to pay                       |
| 2 of a visit        | next: by the last two, where two or more people went that way                               |
| more                | neighbours: by the 15 strongest and latest; content: by 5 of them; return: where people do  |
| dislikes            | what is like them sinks                                                                     |

The shares are learned from 30 next items in the log on; until then they are `UNLEARNED`. That of content is learned
from those that few people had met, for it proposes no others. What nobody has met has a place of its own beside it
(shared/ranking/explore.py): from a log in which it was never shown nothing can be learned of it.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Literal, get_args

import msgspec

Learned = Literal[
    "neighbours", "next", "category", "trending", "popularity", "return", "content", "persona", "sessions"
]
"""Sources whose share is learned."""

Source = Literal[Learned, "catalogue", "rule", "exploration"]
"""Which recommender proposes an item. The catalogue does only where nothing has been trained, a rule where it holds,
exploration where nothing else does."""

SOURCES: tuple[Source, ...] = get_args(Learned)

Context = Literal["home", "first", "visit", "cart"]
"""home: silent for as long as ends a session. In a visit: cart, something is in it; first, one item is known of the
person; visit, all the rest. An item's page is one of these, the item being the one met last: its view is an event, and
what the page asks for comes after."""

CONTEXTS: tuple[Context, ...] = get_args(Context)

Shares = Mapping[Source, float]
"""Together 1; what is nought is not asked."""


class BlendModel(msgspec.Struct, frozen=True, dict=True):
    """The learned blend.

    Attributes:
        shares: how much each source has to say; it is the source's own best candidate that gets the whole share.
        may_return: whether people come back to items so often that items they have met may be shown again.
        quality: of items whose people stay or leave otherwise than usual: the share of them who stay, in (0, 1).
        usual_quality: that of all others.
        strength: an item's score counts (quality / usual quality) ^ strength times; 0: quality does not count.
    """

    version: str
    shares: dict[Context, dict[Source, float]]
    may_return: bool
    quality: dict[str, float] = {}
    usual_quality: float = 1.0
    strength: float = 0.0

    @cached_property
    def factors(self) -> dict[str, float]:
        """By item, what its score is multiplied by; 1 for those that are not named."""
        if not self.strength:
            return {}
        return {item_id: (share / self.usual_quality) ** self.strength for item_id, share in self.quality.items()}


UNLEARNED: dict[Source, float] = {
    "neighbours": 0.3,
    "next": 0.2,
    "category": 0.25,
    "trending": 0.03,
    "popularity": 0.05,
    "return": 0.1,
    "content": 0.04,
    "persona": 0.03,
    "sessions": 0.0,
}
"""Where nothing has been learned."""

DEFAULT = BlendModel("", dict.fromkeys(CONTEXTS, UNLEARNED), may_return=False)
