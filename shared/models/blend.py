"""How much each source of candidates has to say, by context, as learned from what people did next."""

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

Source = Literal["neighbours", "next", "category", "trending", "popularity", "return"]
"""Which recommender proposes an item."""

SOURCES: tuple[Source, ...] = get_args(Source)

Context = Literal["home", "first", "visit", "cart"]
"""home: silent for as long as ends a session. In a visit: cart, something is in it; first, one item is known of the
person; visit, all the rest."""

CONTEXTS: tuple[Context, ...] = get_args(Context)

Shares = Mapping[Source, float]
"""Above 0 for every source, together 1."""


class BlendModel(msgspec.Struct, frozen=True):
    """The learned blend.

    Attributes:
        shares: how much each source has to say; it is the source's own best candidate that gets the whole share.
        may_return: whether people come back to items so often that items they have met may be shown again.
    """

    version: str
    shares: dict[Context, dict[Source, float]]
    may_return: bool


UNLEARNED: dict[Source, float] = {
    "neighbours": 0.3,
    "next": 0.2,
    "category": 0.3,
    "trending": 0.05,
    "popularity": 0.05,
    "return": 0.1,
}
"""Where nothing has been learned."""

DEFAULT = BlendModel("", dict.fromkeys(CONTEXTS, UNLEARNED), may_return=False)
