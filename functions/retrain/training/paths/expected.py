"""How visits that have come to a state are expected to go on, as its chain has it."""

from collections import defaultdict

from shared.models.next_steps import number_of, shares_after
from shared.models.paths import CONVERTED, LEFT, OTHER, SPECIAL, Chain, Flow

STEPS, VISITS, DRAWN = 5, 1_000, 8
LEAST = 1e-6
"""Rarer ways are not followed further."""

Moves = dict[tuple[int, int, int], float]
"""The probability of each move, by step, state and next state."""


def expected(chain: Chain, state: str) -> list[Flow]:
    """Of 1,000 visits at the state, how many go where in their next steps, and after the fifth how they end."""
    here = number_of(chain, state)
    met: dict[tuple[int | None, int], float] = {(None, here): 1.0}
    moves: Moves = defaultdict(float)
    for place in range(1, STEPS + 1):
        following: dict[tuple[int | None, int], float] = defaultdict(float)
        for (previous, at), mass in met.items():
            for to, share in shares_after(chain, at, previous).items():
                moves[place, at, to] += mass * share
                if to >= len(SPECIAL):
                    following[at, to] += mass * share
        met = {pair: mass for pair, mass in following.items() if mass >= LEAST}
    return _draw(chain, here, moves)


def _draw(chain: Chain, here: int, moves: Moves) -> list[Flow]:
    """The moves between the states met most; the others together."""
    often: dict[int, float] = defaultdict(float)
    for (_, _, to), mass in moves.items():
        often[to] += mass if to >= len(SPECIAL) else 0.0
    drawn = {here, *sorted(often, key=lambda state: (-often[state], state))[: DRAWN - 1]}
    names = [name if n in drawn or n < len(SPECIAL) else OTHER for n, name in enumerate(chain.states)]
    flows: dict[tuple[int, str, str], float] = defaultdict(float)
    for (place, at, to), mass in moves.items():
        if place == STEPS:
            flows[place, names[at], CONVERTED] += mass * chain.chances[to]
            flows[place, names[at], LEFT] += mass * (1 - chain.chances[to])
        else:
            flows[place, names[at], names[to]] += mass
    told = (Flow(place, at, to, round(VISITS * mass)) for (place, at, to), mass in sorted(flows.items()))
    return [flow for flow in told if flow.visits]
