"""Chains over paths as the SQL counts them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from shared.models.paths import CONVERTED, FACETS, SPECIAL, START, Chain, Facet, Flow, Move, Pair
from shared.profiles.profile import to_ms
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.paths.caution import with_caution
from training.queries import select, terms

TERMS = {"people": 5, "states": 50, "folders": 10, "pairs": 4_000, "paths": 50, "drawn": 8}
"""Parameters of infra/sql/path_*.sql. Fewer than five people are nobody's business; the rest bounds a document."""

GOALS: Sequence[str] = ("purchase", "sign_up", "form_submit")
"""What converting is: the first of these that anybody has done."""

Values = Mapping[str, object]
Chains = dict[Facet, Chain]


def read_goals(warehouse: Warehouse, cutoff: datetime, settings: Settings) -> list[str]:
    """The kinds of act that count as conversion."""
    done = {row["kind"] for row in select(warehouse, "path_goals", terms(cutoff, settings)).to_pylist()}
    return [next((goal for goal in GOALS if goal in done), GOALS[0])]


def path_terms(cutoff: datetime, settings: Settings, goals: Sequence[str]) -> dict[str, object]:
    """The parameters of infra/sql/path_*.sql for all that had happened by the cutoff."""
    return {**terms(cutoff, settings), **TERMS, "conversions": list(goals), "known_ms": to_ms(cutoff)}


def read_chains(warehouse: Warehouse, values: Values) -> Chains:
    """The chains of visits that had ended by `known_ms`, of the facets that have any."""
    rows = select(warehouse, "path_transitions", values).to_pylist()
    found = {facet: _chain(list(some)) for facet, some in groupby(rows, key=itemgetter("facet"))}
    return {facet: found[facet] for facet in FACETS if facet in found}


def read_flows(warehouse: Warehouse, values: Values) -> dict[Facet, list[Flow]]:
    """How visits go through their first five steps, by facet."""
    flows: dict[Facet, list[Flow]] = {}
    for row in select(warehouse, "path_layers", values).to_pylist():
        flow = Flow(row["place"], row["state"], row["next_state"], row["visits"])
        flows.setdefault(row["facet"], []).append(flow)
    return flows


def _chain(rows: Sequence[Mapping[str, Any]]) -> Chain:
    names = {row["state"] for row in rows} | {row["next_state"] for row in rows}
    states = [*SPECIAL, *sorted(names.difference(SPECIAL))]
    numbers = {name: number for number, name in enumerate(states)}
    moves = [
        Move(
            numbers[row["state"]],
            numbers[row["next_state"]],
            row["moves"],
            row["people"],
            row["converted"],
            _seconds(row["median_ms"]),
            _seconds(row["p90_ms"]),
        )
        for row in rows
        if row["previous_state"] is None
    ]
    pairs = [
        Pair(
            numbers[row["previous_state"]],
            numbers[row["state"]],
            numbers[row["next_state"]],
            row["moves"],
            row["converted"],
        )
        for row in rows
        if row["previous_state"] is not None
    ]
    begun = sum(move.moves for move in moves if move.state == numbers[START])
    converted = sum(move.moves for move in moves if move.next == numbers[CONVERTED])
    return with_caution(Chain(states=states, visits=begun, converted=converted, moves=moves, pairs=pairs))


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1_000
