"""Where visits go next, and how probably they convert, as the chains of `shared.models.paths` have it.

Orders are interpolated as by I. Witten, T. Bell, "The Zero-Frequency Problem", IEEE Trans. Inf. Theory 1991: what has
been seen of a context counts n against c · t, n its moves and t to how many states they led; so much is left to the
shorter context, in the end to all states alike. The caution c is 1 there; here training finds it for each order.
"""

from collections.abc import Mapping
from typing import NamedTuple

from shared.models.paths import LEFT, OTHER, SPECIAL, START, Chain

PRIOR = 10.0
"""What is known of the shorter context counts like so many steps."""

Shares = dict[int, float]
"""Probability by state."""


class Next(NamedTuple):
    """A state that may come next, how probably, and the seconds after which half of those who went there had gone."""

    state: str
    probability: float
    seconds: float | None


def next_steps(chain: Chain, state: str, previous: str | None = None) -> list[Next]:
    """All that may come after this state, likeliest first; the probabilities sum to 1. A name nobody knows is other."""
    here = number_of(chain, state)
    shares = shares_after(chain, here, None if previous is None else number_of(chain, previous))
    found = [Next(chain.states[to], share, chain.seconds.get((here, to))) for to, share in shares.items()]
    return sorted(found, key=lambda each: (-each.probability, each.state))


def chance(chain: Chain, state: str, previous: str | None = None) -> float:
    """How probably a visit at this state converts, then or later, if it has come from the previous one.

    The share of those that did; with `PRIOR` steps' worth of the state's own share. Of an unknown state, that of all.
    """
    here = number_of(chain, state)
    alone = chain.chances[max(here, 0)]
    if previous is None:
        return alone
    steps, converted = chain.outcomes.get((number_of(chain, previous), here), (0, 0))
    return (converted + PRIOR * alone) / (steps + PRIOR)


def shares_after(chain: Chain, state: int, previous: int | None = None) -> Shares:
    """The interpolated probabilities of what comes next."""
    first, second = chain.caution
    shares = interpolate(anywhere(chain, state), chain.first.get(state), first)
    return shares if previous is None else interpolate(shares, chain.second.get((previous, state)), second)


def interpolate(shares: Shares, seen: Mapping[int, int] | None, caution: float = 1.0) -> Shares:
    """The probabilities of a context that has seen this, given those of the shorter one."""
    if not seen:
        return shares
    left = caution * len(seen)
    total = sum(seen.values()) + left
    return {to: (seen.get(to, 0) + left * share) / total for to, share in shares.items()}


def number_of(chain: Chain, state: str) -> int:
    """The state of this name; -1 where neither it nor `(other)` is known."""
    return chain.numbers.get(state, chain.numbers.get(OTHER, -1))


def anywhere(chain: Chain, state: int) -> Shares:
    """Whatever may follow the state, by how often it is gone to: never the state itself, nor an end before any step."""
    begin = len(SPECIAL) if state == SPECIAL.index(START) else SPECIAL.index(LEFT)
    possible = [to for to in range(begin, len(chain.states)) if to != state]
    alike = dict.fromkeys(possible, 1 / max(1, len(possible)))
    return interpolate(alike, {to: chain.arrivals[to] for to in possible if to in chain.arrivals})
