"""Exploration: of items that little is known of, how probable it is that each is the best of them, by context."""

from collections.abc import Iterator
from functools import cached_property

import msgspec

HEADS = 10
"""So many of a pool, the most probable, can always be drawn."""

TURN = 10
"""The others take turns, so many at a time: whoever answers must know the facts of all that can be drawn."""

TURN_S = 60
"""A turn lasts so long."""


class Pool(msgspec.Struct, frozen=True, dict=True):
    """Items with the probability that they are the best of the pool, the most probable first.

    Attributes:
        newcomer: that of an item that came after the training.
    """

    items: list[tuple[str, float]]
    newcomer: float

    def at(self, now_s: float) -> Iterator[tuple[str, float]]:
        """The items that can be drawn now, with their weights: over all turns, each has its probability's share."""
        yield from self.items[:HEADS]
        if turns := self._turns:
            for item_id, share in turns[int(now_s // TURN_S) % len(turns)]:
                yield item_id, share * len(turns)

    @cached_property
    def known(self) -> frozenset[str]:
        """Whatever is not among them came later, or was let go."""
        return frozenset(item_id for item_id, _ in self.items)

    @cached_property
    def _turns(self) -> list[list[tuple[str, float]]]:
        """The rest dealt out, so that in each turn there is about the same share."""
        rest = self.items[HEADS:]
        number = -(-len(rest) // TURN)
        return [rest[first::number] for first in range(number)]


class ExplorationModel(msgspec.Struct, frozen=True):
    """A pool for each context of requests, and one over all for the others.

    Attributes:
        cutoff_ms: what came later is new to the model.
    """

    version: str
    contexts: dict[str, Pool]
    other: Pool
    cutoff_ms: int

    def pool(self, context: str) -> Pool:
        """That of the context."""
        return self.contexts.get(context, self.other)
