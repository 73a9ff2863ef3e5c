"""How probably visits convert from each state, and what would be lost without it: absorbing Markov chains."""

import numpy as np
import numpy.typing as npt

from shared.models.next_steps import shares_after
from shared.models.paths import CONVERTED, LEFT, SPECIAL, START, Chain

Floats = npt.NDArray[np.float64]

BEGIN, GONE, DONE = (SPECIAL.index(name) for name in (START, LEFT, CONVERTED))
DIGITS = 9


def chances_of(chain: Chain) -> list[float]:
    """By state, the probability of being absorbed by conversion, with the first order as it is served.

    J. Kemeny, J. Snell, "Finite Markov Chains", 1960, chapter 3: h = Q h + r, with Q the moves between states that are
    no end and r those to conversion.
    """
    moves = np.zeros((len(chain.states), len(chain.states)))
    for state in range(len(chain.states)):
        if state not in (GONE, DONE):
            for to, share in shares_after(chain, state).items():
                moves[state, to] = share
    return [round(float(chance), DIGITS) for chance in _absorbed(moves)]


def removal_of(chain: Chain) -> list[float]:
    """By state, the share of the chain's conversions that go through it: 1 - P(converts without it) / P(converts).

    Without a state, whoever would have come to it leaves: E. Anderl, I. Becker, F. von Wangenheim, J. Schumann,
    "Mapping the customer journey: Lessons learned from graph-based online attribution modeling", Int. J. Research in
    Marketing 2016. It says where conversions pass, not what causes them. Counted moves alone; of the specials it is 0.
    """
    counts = np.zeros((len(chain.states), len(chain.states)))
    for move in chain.moves:
        counts[move.state, move.next] = move.moves
    moves = counts / np.maximum(1.0, counts.sum(axis=1, keepdims=True))
    whole = float(_absorbed(moves)[BEGIN])
    effects = [0.0] * len(chain.states)
    for state in range(len(SPECIAL), len(chain.states)) if whole > 0.0 else ():
        without = moves.copy()
        without[:, state] = 0.0
        effects[state] = max(0.0, round(1.0 - float(_absorbed(without)[BEGIN]) / whole, DIGITS))
    return effects


def _absorbed(moves: Floats) -> Floats:
    through = moves.copy()
    through[:, [GONE, DONE]] = 0.0
    through[[GONE, DONE]] = 0.0
    into = moves[:, DONE].copy()
    into[GONE], into[DONE] = 0.0, 1.0
    return np.linalg.solve(np.eye(len(moves)) - through, into).astype(np.float64)
