"""How much each order of a chain leaves to the shorter one: what makes its own moves likeliest, each left out once."""

from collections.abc import Callable, Mapping
from math import log
from typing import TypeVar

import msgspec

from shared.models.next_steps import Parts, Shares, anywhere, mix, parted, returning
from shared.models.paths import ENDS, SPECIAL, Caution, Chain

CAUTIONS: tuple[float, ...] = tuple(0.25 * 2**power for power in range(11))
"""From 1/4 to 256: from trusting a move seen once to hardly ever."""

Context = TypeVar("Context", int, tuple[int, int])


def with_caution(chain: Chain) -> Chain:
    """The chain with that of the first and of the second order, the second given the first; and with its returns.

    H. Ney, U. Essen, R. Kneser, "On the Estimation of 'Small' Probabilities by Leaving-One-Out", IEEE PAMI 1995.
    """
    ends = [SPECIAL.index(name) for name in ENDS]
    below = {state: anywhere(chain, state) for state in range(len(chain.states)) if state not in ends}
    _, first = _best(chain.first, lambda state: below[state])
    singles = {state: mix(parts, chain.first.get(state), first) for state, parts in below.items()}
    back = _returns(chain)
    gained, second = _best(chain.second, lambda pair: returning(singles[pair[1]], pair[0], back))
    plain, alone = _best(chain.second, lambda pair: singles[pair[1]])
    if back is None or gained <= plain:
        return msgspec.structs.replace(chain, caution=(first, alone), returns=None)
    return msgspec.structs.replace(chain, caution=(first, second), returns=back)


def _returns(chain: Chain) -> float | None:
    """Of the moves from one state by another to a third, the share that led back to the first."""
    begin = len(SPECIAL)
    moves = [(pair.next == pair.previous, pair.moves) for pair in chain.pairs if min(pair.previous, pair.next) >= begin]
    total = sum(n for _, n in moves)
    return (sum(n for is_back, n in moves if is_back) + 1) / (total + 2) if total else None


def _best(moves: Mapping[Context, Mapping[int, int]], below: Callable[[Context], Parts]) -> tuple[float, Caution]:
    """The likelihood, and the cautions that make it greatest."""
    ended = {context: parted(seen)[0] for context, seen in moves.items()}
    gone = {context: parted(seen)[1] for context, seen in moves.items()}
    one, ends = _likeliest(ended, lambda context: below(context).ends)
    other, goes = _likeliest(gone, lambda context: below(context).goes)
    return one + other, (ends, goes)


def _likeliest(moves: Mapping[Context, Mapping[int, int]], below: Callable[[Context], Shares]) -> tuple[float, float]:
    found = max((_likelihood(moves, below, caution), -caution) for caution in CAUTIONS)
    return found[0], -found[1]


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
