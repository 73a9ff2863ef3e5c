"""What each way of predicting says of the next steps of later visits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from shared.models.next_steps import Shares, anywhere, number_of, shares_after, whole
from shared.models.paths import CONVERTED, START, Chain, Facet
from shared.stores.ports import Warehouse
from training.paths.counts import Values
from training.queries import select

SERVED = "interpolated"
FLOOR = 0.01
"""A single order alone leaves so much to all states alike, lest what it has never seen be impossible."""

Predict = Callable[["Step"], Shares]


class Step(NamedTuple):
    """A moment of a later visit: who, what was met (the latest last), what came next, whether the visit converted."""

    person: str
    walk: tuple[str, ...]
    next: str
    converts: bool


def read_steps(warehouse: Warehouse, values: Values) -> dict[Facet, list[Step]]:
    """The steps of some visits that began after `known_ms`, by facet."""
    rows = select(warehouse, "path_walks", values).to_pylist()
    steps: dict[Facet, list[Step]] = {}
    for (facet, person, _), visit in groupby(rows, key=lambda row: (row["facet"], row["person"], row["visit"])):
        steps.setdefault(facet, []).extend(_steps(person, list(visit)))
    return steps


def _steps(person: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Step]:
    walk = tuple(row["state"] for row in rows)
    converts = rows[-1]["next_state"] == CONVERTED
    for place, row in enumerate(rows, start=1):
        yield Step(person, walk[:place], row["next_state"], converts)


def predictors(chain: Chain) -> dict[str, Predict]:
    """By name: what is served, and what it is held against."""

    def served(step: Step) -> Shares:
        previous, here = context(chain, step)
        return shares_after(chain, here, previous)

    return {
        SERVED: served,
        "second order": lambda step: _alone(chain, step, chain.second.get(context(chain, step))),
        "first order": lambda step: _alone(chain, step, chain.first.get(context(chain, step)[1])),
        "most popular": lambda step: whole(anywhere(chain, context(chain, step)[1])),
        "repeat last": lambda step: _again(chain, step),
    }


def context(chain: Chain, step: Step) -> tuple[int, int]:
    """The numbers of the state before the present one, and of that."""
    previous = step.walk[-2] if len(step.walk) > 1 else START
    return number_of(chain, previous), number_of(chain, step.walk[-1])


def _alone(chain: Chain, step: Step, seen: Mapping[int, int] | None) -> Shares:
    """Of a context that was never seen it knows nothing."""
    here = context(chain, step)[1]
    possible = [state for state in range(1, len(chain.states)) if state != here]
    if not seen:
        return dict.fromkeys(possible, 1 / len(possible))
    total = sum(seen.values())
    return {to: (1 - FLOOR) * seen.get(to, 0) / total + FLOOR / len(possible) for to in possible}


def _again(chain: Chain, step: Step) -> Shares:
    """The states of the visit, the latest first; the present one is none, for a step always leads elsewhere."""
    here, *before = [number_of(chain, state) for state in reversed(step.walk)]
    ranked = [state for state in dict.fromkeys(before) if state != here]
    return {state: 1 / (2 + place) for place, state in enumerate(ranked)}
