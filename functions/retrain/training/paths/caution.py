"""How much each order of a chain leaves to the shorter one: what makes its own moves likeliest, each left out once."""

from collections.abc import Callable, Mapping
from math import log
from typing import TypeVar

from shared.models.next_steps import Shares, anywhere, interpolate
from shared.models.paths import ENDS, SPECIAL, Chain

CAUTIONS: tuple[float, ...] = tuple(0.25 * 2**power for power in range(11))
"""From 1/4 to 256: from trusting a move seen once to hardly ever."""

Context = TypeVar("Context", int, tuple[int, int])


def caution_of(chain: Chain) -> tuple[float, float]:
    """That of the first and of the second order, the second given the first.

    H. Ney, U. Essen, R. Kneser, "On the Estimation of 'Small' Probabilities by Leaving-One-Out", IEEE PAMI 1995.
    """
    ends = [SPECIAL.index(name) for name in ENDS]
    below = {state: anywhere(chain, state) for state in range(len(chain.states)) if state not in ends}
    first = _best(chain.first, lambda state: below[state])
    singles = {state: interpolate(shares, chain.first.get(state), first) for state, shares in below.items()}
    second = _best(chain.second, lambda pair: singles[pair[1]])
    return first, second


def _best(moves: Mapping[Context, Mapping[int, int]], below: Callable[[Context], Shares]) -> float:
    return max((_likelihood(moves, below, caution), -caution, caution) for caution in CAUTIONS)[-1]


def _likelihood(
    moves: Mapping[Context, Mapping[int, int]], below: Callable[[Context], Shares], caution: float
) -> float:
    """Of every move, by all the others of its context. Alone in it, the shorter context says all."""
    found = 0.0
    for context, seen in moves.items():
        shares, total = below(context), sum(seen.values())
        for to, times in seen.items():
            left = caution * (len(seen) - (times == 1))
            found += times * log((times - 1 + left * shares[to]) / (total - 1 + left) if total > 1 else shares[to])
    return found
