"""Conversion as the chains themselves have it: absorbing Markov chains, and what is lost without a state.

J. Kemeny, J. Snell, "Finite Markov Chains", 1960, chapter 3: h = Q h + r, with Q the moves between what is no end and r
those to conversion.
"""

from collections import defaultdict

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array, eye_array
from scipy.sparse.linalg import spsolve

from shared.models.next_steps import shares_after
from shared.models.paths import CONVERTED, ENDS, SPECIAL, START, Chain

Floats = npt.NDArray[np.float64]

BEGIN, DONE = SPECIAL.index(START), SPECIAL.index(CONVERTED)
STOPS = tuple(SPECIAL.index(name) for name in ENDS)
DIGITS = 9


def absorbed(chain: Chain) -> list[float]:
    """By state, the probability of being absorbed by conversion, with the first order as it is served."""
    size = len(chain.states)
    moves = np.zeros((size, size))
    for state in range(size):
        if state not in STOPS:
            for to, share in shares_after(chain, state).items():
                moves[state, to] = share
    into = moves[:, DONE].copy()
    moves[:, STOPS] = 0.0
    found = np.linalg.solve(np.eye(size) - moves, into)
    found[DONE] = 1.0
    return [round(float(chance), DIGITS) for chance in found]


def removal_of(chain: Chain) -> list[float]:
    """By state, the share of the chain's conversions that go through it: 1 - P(converts without it) / P(converts).

    Without a state, whoever would have come to it leaves: E. Anderl, I. Becker, F. von Wangenheim, J. Schumann,
    "Mapping the customer journey: Lessons learned from graph-based online attribution modeling", Int. J. Research in
    Marketing 2016. Here of the second order, as counted. It says where conversions pass, not what causes them; of the
    specials it is 0.
    """
    effects = [0.0] * len(chain.states)
    begun = {to: moves / chain.visits for to, moves in chain.first.get(BEGIN, {}).items()}
    pairs = sorted(chain.second)
    place = {pair: number for number, pair in enumerate(pairs)}
    whole = _converted(chain, pairs, place, begun, -1)
    for state in range(len(SPECIAL), len(chain.states)) if whole > 0.0 else ():
        without = _converted(chain, pairs, place, begun, state)
        effects[state] = max(0.0, round(1.0 - without / whole, DIGITS))
    return effects


def _converted(
    chain: Chain,
    pairs: list[tuple[int, int]],
    place: dict[tuple[int, int], int],
    begun: dict[int, float],
    without: int,
) -> float:
    """The share of visits that convert when nobody can come to the state `without`."""
    into = np.zeros(len(pairs))
    cells: dict[tuple[int, int], float] = defaultdict(float)
    for (previous, state), seen in chain.second.items():
        total, row = sum(seen.values()), place[previous, state]
        for to, moves in seen.items():
            if to == DONE:
                into[row] += moves / total
            elif to != without and (state, to) in place:
                cells[row, place[state, to]] += moves / total
    rows, columns = np.array([*cells], dtype=np.int64).reshape(-1, 2).T
    shape = len(pairs), len(pairs)
    through = csc_array((np.array([*cells.values()], dtype=np.float64), (rows, columns)), shape=shape)
    found: Floats = np.atleast_1d(spsolve(csc_array(eye_array(len(pairs))) - through, into))
    starts = ((share, place.get((BEGIN, to))) for to, share in begun.items() if to != without)
    return float(sum(share * found[at] for share, at in starts if at is not None))
