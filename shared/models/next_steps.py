"""Where visits go next, and how probably they convert, as the chains of `shared.models.paths` have it.

Orders are interpolated as by I. Witten, T. Bell, "The Zero-Frequency Problem", IEEE Trans. Inf. Theory 1991: what has
been seen of a context counts n against c · t, n its moves and t to how many states they led; so much is left to the
shorter context, in the end to all states alike. The caution c is 1 there; here training finds it for each order, once
for whether the visit ends and how, once for where it goes if it does not: most visits end, wherever they are.
"""

from collections.abc import Mapping
from typing import NamedTuple

from shared.models.paths import ENDS, OTHER, SPECIAL, START, Caution, Chain

PRIOR = 10.0
"""What is known of the shorter context counts like so many steps."""

Shares = dict[int, float]
"""Probability by state."""


GO = SPECIAL.index(START)
"""Among the ways to end: it does not."""


class Parts(NamedTuple):
    """The probabilities of ending each way or going on, and of each state if it goes on."""

    ends: Shares
    goes: Shares


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
    parts = mix(anywhere(chain, state), chain.first.get(state), first)
    if previous is None:
        return whole(parts)
    return whole(mix(returning(parts, previous, chain.returns), chain.second.get((previous, state)), second))


def returning(parts: Parts, previous: int, returns: float | None) -> Parts:
    """The same where it is known which state was met before: people go back to it as often as they do anywhere."""
    share = parts.goes.get(previous, 1.0)
    if returns is None or share >= 1.0:
        return parts
    goes = {to: each * (1 - returns) / (1 - share) for to, each in parts.goes.items()}
    return Parts(parts.ends, goes | {previous: returns})


def mix(parts: Parts, seen: Mapping[int, int] | None, caution: Caution) -> Parts:
    """The probabilities of a context that has seen this, given those of the shorter one."""
    if not seen:
        return parts
    ended, gone = parted(seen)
    return Parts(interpolate(parts.ends, ended, caution[0]), interpolate(parts.goes, gone, caution[1]))


def parted(seen: Mapping[int, int]) -> tuple[dict[int, int], dict[int, int]]:
    """Moves as ends, of which going on is one, and as states gone to."""
    gone = {to: moves for to, moves in seen.items() if to >= len(SPECIAL)}
    ended = {to: moves for to, moves in seen.items() if to < len(SPECIAL)}
    return ended | ({GO: sum(gone.values())} if gone else {}), gone


def whole(parts: Parts) -> Shares:
    """The probabilities of all that may come next."""
    going = parts.ends.get(GO, 0.0)
    ends = {to: share for to, share in parts.ends.items() if to != GO}
    return ends | {to: going * share for to, share in parts.goes.items()}


def interpolate(shares: Shares, seen: Mapping[int, int], caution: float = 1.0) -> Shares:
    """The probabilities of a context that has seen this, given those of the shorter one."""
    if not seen:
        return shares
    left = caution * len(seen)
    total = sum(seen.values()) + left
    return {to: (seen.get(to, 0) + left * share) / total for to, share in shares.items()}


def number_of(chain: Chain, state: str) -> int:
    """The state of this name; -1 where neither it nor `(other)` is known."""
    return chain.numbers.get(state, chain.numbers.get(OTHER, -1))


def anywhere(chain: Chain, state: int) -> Parts:
    """Whatever may follow the state, by how often it is gone to: never the state itself, nor an end before any step."""
    states = [to for to in range(len(SPECIAL), len(chain.states)) if to != state]
    ways = [] if state == GO else [SPECIAL.index(name) for name in ENDS]
    ended, gone = parted(chain.arrivals)
    return Parts(_alike([*([GO] if states else []), *ways], ended), _alike(states, gone))


def _alike(possible: list[int], seen: Mapping[int, int]) -> Shares:
    shares = dict.fromkeys(possible, 1 / max(1, len(possible)))
    return interpolate(shares, {to: seen[to] for to in possible if to in seen})
