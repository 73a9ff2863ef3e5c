"""The live paths in words and numbers, for people and programs."""

from typing import Any

import msgspec

from shared.models.next_steps import next_steps
from shared.models.paths import SPECIAL, START, Chain, Facet, Move, PathsModel
from training.paths.counts import TERMS

DIGITS = 6


def tell(model: PathsModel, over: Facet, state: str, previous: str | None, limit: int) -> dict[str, Any]:
    """What comes after the state; the most frequent moves (of it, but for the start's); paths to conversion; states.

    Moves and paths of fewer people than `fewest_people` are left out. `chance` is how probably a visit at the state
    converts, `removal` the share of conversions that go through it.
    """
    chain = model.facets[over]
    return {
        "over": over,
        "version": model.version,
        "conversion": model.conversions,
        "fewest_people": TERMS["people"],
        "visits": chain.visits,
        "converted": chain.converted,
        "from": state,
        "previous": previous,
        "next": _next(chain, state, previous)[:limit],
        "moves": _moves(chain, state)[:limit],
        "paths": [msgspec.to_builtins(path) for path in chain.paths if state in (START, *path.states)][:limit],
        "states": _states(chain)[:limit],
    }


def _next(chain: Chain, state: str, previous: str | None) -> list[dict[str, Any]]:
    shared = {move.next for move in chain.moves if chain.states[move.state] == state and _is_told(move)}
    return [
        {
            "state": each.state,
            "probability": round(each.probability, DIGITS),
            "median_s": each.seconds if chain.numbers[each.state] in shared else None,
        }
        for each in next_steps(chain, state, previous)
    ]


def _moves(chain: Chain, state: str) -> list[dict[str, Any]]:
    left = {number: sum(seen.values()) for number, seen in chain.first.items()}
    wanted = [move for move in chain.moves if _is_told(move) and state in (START, chain.states[move.state])]
    return [
        {
            "from": chain.states[move.state],
            "to": chain.states[move.next],
            "moves": move.moves,
            "people": move.people,
            "share": round(move.moves / left[move.state], DIGITS),
            "median_s": move.median_s,
            "p90_s": move.p90_s,
        }
        for move in sorted(wanted, key=lambda move: (-move.moves, move.state, move.next))
    ]


def _is_told(move: Move) -> bool:
    return move.people >= TERMS["people"]


def _states(chain: Chain) -> list[dict[str, Any]]:
    """Those without which most conversions would be lost, first."""
    told = [
        {"state": name, "arrivals": chain.arrivals.get(n, 0), "chance": chain.chances[n], "removal": chain.removal[n]}
        for n, name in enumerate(chain.states)
        if n >= len(SPECIAL)
    ]
    return sorted(told, key=lambda each: (-each["removal"], each["state"]))
