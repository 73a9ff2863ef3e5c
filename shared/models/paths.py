"""Paths as retrain publishes them: counted moves between pages, categories and kinds of act, and ways to conversion."""

from collections.abc import Iterable
from functools import cached_property
from typing import Literal, TypeVar, get_args

import msgspec

Facet = Literal["pages", "categories", "kinds"]
"""What the states of a chain are: where people were, what it was about, or what they did."""

FACETS: tuple[Facet, ...] = get_args(Facet)

START, LEFT, CONVERTED, OTHER = "(start)", "(left)", "(converted)", "(other)"
"""Before the first step; two ways for a visit to end; and all that is too rare to have a name."""

ENDS = (LEFT, CONVERTED)
SPECIAL = (START, *ENDS)
"""The first states of every chain, in this order."""

Caution = tuple[float, float]

Key = TypeVar("Key", int, tuple[int, int])


class Move(msgspec.Struct, frozen=True, array_like=True):
    """From a state to the next: how often, how many people, how many of these moves were in visits that converted (then

    or later), and after how long half and nine in ten had gone.
    """

    state: int
    next: int
    moves: int
    people: int
    converted: int
    median_s: float | None
    p90_s: float | None


class Pair(msgspec.Struct, frozen=True, array_like=True):
    """The same of those who had come to the state from a certain other one."""

    previous: int
    state: int
    next: int
    moves: int
    converted: int


class Path(msgspec.Struct, frozen=True):
    """States one after the other on whose heels people convert.

    Attributes:
        ended: conversions of which this is the path; `people` so many people's.
        visits: that went this way; `converted` of them, then or later.
        rate, low, high: converted / visits, and its interval of 95 % confidence.
        lift: rate / that of all visits.
        median_s: from the beginning of the visit to the conversion, of those ended.
    """

    states: list[str]
    ended: int
    people: int
    visits: int
    converted: int
    rate: float
    low: float
    high: float
    lift: float
    median_s: float


class Flow(msgspec.Struct, frozen=True, array_like=True):
    """Visits that went from a state, met as their `place`-th, to the next."""

    place: int
    state: str
    next: str
    visits: int


class Chain(msgspec.Struct, frozen=True, dict=True, kw_only=True):
    """One facet.

    Attributes:
        states: names; the first three are those of `SPECIAL`.
        visits, converted: learned from, and how many of them converted.
        caution: of the first and the second order, how much is left to the shorter one: on whether the visit ends, and
            on where it goes.
        returns: how often people go back to where they were before, wherever that is; None if that says nothing.
        chances: by state, how probably a visit converts that is there.
        removal: by state, the share of conversions that would be lost without it.
    """

    states: list[str]
    visits: int
    converted: int
    moves: list[Move]
    pairs: list[Pair]
    caution: tuple[Caution, Caution] = ((1.0, 1.0), (1.0, 1.0))
    returns: float | None = None
    chances: list[float] = []
    removal: list[float] = []
    paths: list[Path] = []
    flows: list[Flow] = []

    @cached_property
    def numbers(self) -> dict[str, int]:
        """States by name."""
        return {name: number for number, name in enumerate(self.states)}

    @cached_property
    def first(self) -> dict[int, dict[int, int]]:
        """Moves from each state."""
        return _nested((move.state, move.next, move.moves) for move in self.moves)

    @cached_property
    def second(self) -> dict[tuple[int, int], dict[int, int]]:
        """Moves from each state that people had come to from a certain other one."""
        return _nested(((pair.previous, pair.state), pair.next, pair.moves) for pair in self.pairs)

    @cached_property
    def arrivals(self) -> dict[int, int]:
        """How often each state was gone to."""
        found: dict[int, int] = {}
        for move in self.moves:
            found[move.next] = found.get(move.next, 0) + move.moves
        return found

    @cached_property
    def outcomes(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Of the visits at a state that had come from a certain other one: steps, and how many of them converted."""
        found: dict[tuple[int, int], tuple[int, int]] = {}
        for pair in self.pairs:
            steps, converted = found.get((pair.previous, pair.state), (0, 0))
            found[pair.previous, pair.state] = steps + pair.moves, converted + pair.converted
        return found

    @cached_property
    def seconds(self) -> dict[tuple[int, int], float | None]:
        """The median time of each move."""
        return {(move.state, move.next): move.median_s for move in self.moves}


class PathsModel(msgspec.Struct, frozen=True):
    """What is published: the chains of the facets that are known, and the kinds of act that count as conversion."""

    version: str
    conversions: list[str]
    facets: dict[Facet, Chain]


def _nested(counts: Iterable[tuple[Key, int, int]]) -> dict[Key, dict[int, int]]:
    found: dict[Key, dict[int, int]] = {}
    for context, to, moves in counts:
        found.setdefault(context, {})[to] = moves
    return found
