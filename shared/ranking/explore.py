"""Exploration: some places for items that little is known of, for what is never shown is never met.

Which of them stand there is drawn by chance, and each item's probability of being shown is told exactly, whether it was
drawn, or was ranked and might have been displaced: so what comes of it says something of all of them. The places are
the last ones that no rule has pinned; where their number is no whole one, chance decides between the two next to it.

Several are drawn by systematic sampling: W. G. Madow, "On the Theory of Systematic Sampling, II", Annals of
Mathematical Statistics 1949. Each is then drawn with a probability in proportion to its weight, and no more than once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from math import floor
from typing import NamedTuple

from shared.ranking.scored import Scored

Weights = Mapping[str, float]

LEAST = 0.01
"""The score of what is tried without having been proposed."""

DIGITS = 12
"""Sums of products are told as exactly as they are known."""


class Outcome(NamedTuple):
    """With so many places to try items at.

    Attributes:
        chance: of this outcome.
        places: in the list, counted from 0.
        kept: items of the other places.
        shares: of each item that can be drawn, the probability of being drawn.
    """

    chance: float
    places: Sequence[int]
    kept: AbstractSet[str]
    shares: dict[str, float]


def explore(
    listed: Sequence[Scored], pinned: AbstractSet[str], weights: Weights, number: float, draw: Callable[[], float]
) -> list[Scored]:
    """The list with some of its places given to items that are tried, each with its probability of being shown.

    Args:
        weights: of the items that may be shown here to try them, above 0.
        number: how many places, on average.
        draw: a number from 0 to below 1, all equally probable.
    """
    if not weights or not number or not listed:
        return list(listed)
    outcomes = list(_outcomes(listed, pinned, weights, number))
    shown, chosen = list(listed), draw()
    for outcome in outcomes:
        chosen -= outcome.chance
        if chosen < 0.0:
            break
    if outcome.places:
        known = {one.item_id: one for one in listed}
        for place, item_id in zip(outcome.places, sample(outcome.shares, len(outcome.places), draw()), strict=True):
            shown[place] = known.get(item_id) or Scored(item_id, LEAST)
    told = [(one, _probability(one.item_id, outcomes)) for one in shown]
    return [one if probability == 1.0 else one._replace(probability=probability) for one, probability in told]


def probabilities(
    listed: Sequence[Scored], pinned: AbstractSet[str], weights: Weights, number: float
) -> dict[str, float]:
    """How probable it is that each item is shown: those of the list and those that are tried."""
    outcomes = list(_outcomes(listed, pinned, weights, number))
    return {item_id: _probability(item_id, outcomes) for item_id in (*(one.item_id for one in listed), *weights)}


def sample(shares: dict[str, float], number: int, start: float) -> list[str]:
    """So many items, drawn with these probabilities, whose sum that is. `start` is uniform in [0, 1)."""
    drawn: list[str] = []
    total = 0.0
    for item_id, share in shares.items():
        total += share
        if total > start + len(drawn) and len(drawn) < number:
            drawn.append(item_id)
    # Rounding may have left the sum short of the last one.
    return drawn if len(drawn) == number else [*drawn, next(one for one in reversed(shares) if one not in drawn)]


def inclusion(weights: Weights, number: int) -> dict[str, float]:
    """The probabilities with which so many items are drawn: in proportion to their weights, none above 1. Those that
    are drawn in any case come first, where no rounding can keep them out."""
    shares: dict[str, float] = {}
    left, rest = dict(weights), float(number)
    while left:
        scale = rest / sum(left.values())
        certain = [item_id for item_id, weight in left.items() if scale * weight >= 1.0]
        if not certain:
            break
        shares |= dict.fromkeys(certain, 1.0)
        rest -= len(certain)
        left = {item_id: weight for item_id, weight in left.items() if item_id not in shares}
    return shares | {item_id: scale * weight for item_id, weight in left.items()}


def _outcomes(listed: Sequence[Scored], pinned: AbstractSet[str], weights: Weights, number: float) -> Iterator[Outcome]:
    free = [place for place, one in enumerate(listed) if one.item_id not in pinned]
    fewer = floor(number)
    for wanted, chance in ((fewer, 1.0 - (number - fewer)), (fewer + 1, number - fewer)):
        if chance > 0.0:
            yield _outcome(listed, free, weights, wanted)._replace(chance=chance)


def _outcome(listed: Sequence[Scored], free: Sequence[int], weights: Weights, wanted: int) -> Outcome:
    for number in range(min(wanted, len(free), len(weights)), 0, -1):
        places = free[-number:]
        kept = {one.item_id for place, one in enumerate(listed) if place not in places}
        able = {item_id: weight for item_id, weight in weights.items() if item_id not in kept}
        if len(able) >= number:
            return Outcome(1.0, places, kept, inclusion(able, number))
    return Outcome(1.0, (), {one.item_id for one in listed}, {})


def _probability(item_id: str, outcomes: Sequence[Outcome]) -> float:
    chances = [one.chance if item_id in one.kept else one.chance * one.shares.get(item_id, 0.0) for one in outcomes]
    return round(sum(chances), DIGITS)
