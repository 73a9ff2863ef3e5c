"""How probably visits convert from each state."""

from shared.models.next_steps import PRIOR
from shared.models.paths import SPECIAL, Chain

DIGITS = 9


def chances_of(chain: Chain) -> list[float]:
    """By state, the share of its steps whose visits converted, then or later; with `PRIOR` steps' worth of all states'.

    Counted, not computed from the moves: a chain forgets what came before its last steps, and people do not. That tells
    conversion better (decision 35).
    """
    steps, converted = [0] * len(chain.states), [0] * len(chain.states)
    for move in chain.moves:
        steps[move.state] += move.moves
        converted[move.state] += move.converted
    prior = PRIOR * everywhere(chain)
    chances = [round((k + prior) / (n + PRIOR), DIGITS) for n, k in zip(steps, converted, strict=True)]
    return [chances[0], 0.0, 1.0, *chances[len(SPECIAL) :]]


def everywhere(chain: Chain) -> float:
    """The share of all steps whose visits converted."""
    counted = [(move.moves, move.converted) for move in chain.moves if move.state >= len(SPECIAL)]
    return sum(converted for _, converted in counted) / max(1, sum(moves for moves, _ in counted))
