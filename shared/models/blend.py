"""How much each source of candidates has to say, by context, as learned from what people did next; and the ladder.

What is known decides which sources have something to say; no rule switches between them. Each step adds to the one above:

| known of the person | models | who proposes |
| --- | --- | --- |
| anything | none yet | `catalogue`: up to 500 items of the catalogue, the newest of the categories they like first |
| nothing | trained | `trending`, `popularity`: over all |
| 1 item | trained | `neighbours`, `next`, `category`, `content` of that item; `trending` and `popularity` among their persona |
| 2 items of a visit | trained | `next` by the last two, where others went that way |
| more | trained | the 30 strongest and latest items speak, `content` for the first 10; `return` where people come back |
| dislikes | trained | what is like them sinks |

The shares are learned from 30 next items in the log on; until then they are `UNLEARNED`. So is the share of `content` as
long as hardly anybody has gone to a new item: what is not shown is not gone to.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Literal, get_args

import msgspec

Learned = Literal["neighbours", "next", "category", "trending", "popularity", "return", "content"]
"""Sources whose share is learned."""

Source = Literal[Learned, "catalogue"]
"""Which recommender proposes an item. The catalogue does only where nothing has been trained."""

SOURCES: tuple[Learned, ...] = get_args(Learned)

Context = Literal["home", "first", "visit", "cart"]
"""home: silent for as long as ends a session. In a visit: cart, something is in it; first, one item is known of the
person; visit, all the rest. The page of an item is one of the last two, the item being the one met last: its own view is
an event, and what is asked for on it comes after."""

CONTEXTS: tuple[Context, ...] = get_args(Context)

Shares = Mapping[Source, float]
"""Above 0 for every learned source, together 1."""


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
    shares: dict[Context, dict[Learned, float]]
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


UNLEARNED: dict[Learned, float] = {
    "neighbours": 0.3,
    "next": 0.2,
    "category": 0.25,
    "trending": 0.05,
    "popularity": 0.05,
    "return": 0.1,
    "content": 0.05,
}
"""Where nothing has been learned."""

DEFAULT = BlendModel("", dict.fromkeys(CONTEXTS, UNLEARNED), may_return=False)
