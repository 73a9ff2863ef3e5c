"""Fit the chains over paths: judged first, then counted from all that is known."""

from datetime import datetime
from math import isnan

import msgspec
from threadpoolctl import threadpool_limits

from shared.models.paths import Chain, PathsModel
from shared.settings import Settings
from shared.stores.ports import Fields, Warehouse
from training.bootstrap import Estimate
from training.paths.absorbing import removal_of
from training.paths.chances import chances_of
from training.paths.conversions import read_paths
from training.paths.counts import TERMS, path_terms, read_chains, read_flows, read_goals
from training.paths.gate import Judged, judge
from training.paths.sankey import draw
from training.results import Fitted, Refused, fitted

FEWEST = 30
"""Of fewer visits no chain is made."""

MAX_BYTES = 900_000
"""A document holds a million."""


def fit(warehouse: Warehouse, cutoff: datetime, settings: Settings, live: Fields | None = None) -> Fitted | Refused:
    """The chains of all visits that had ended by the cutoff."""
    goals = read_goals(warehouse, cutoff, settings)
    values = path_terms(cutoff, settings, goals)
    chains = read_chains(warehouse, values)
    most = max((chain.visits for chain in chains.values()), default=0)
    if most < FEWEST:
        return Refused(f"paths need {FEWEST} visits that have ended; there are {most}")
    # On several threads partial sums come together in any order, and the last bits with them.
    with threadpool_limits(1):
        judged = judge(warehouse, values, live)
        paths, flows = read_paths(warehouse, values, chains), read_flows(warehouse, values)
        facets = {
            facet: msgspec.structs.replace(
                chain,
                chances=chances_of(chain),
                removal=removal_of(chain),
                paths=paths.get(facet, []),
                flows=flows.get(facet, []),
            )
            for facet, chain in chains.items()
            if chain.visits >= FEWEST
        }
    model = bound(PathsModel("", goals, facets))
    found = fitted("paths", model, cutoff, _facts(model, judged))
    facet, chain = next(iter(facets.items()))
    return found._replace(picture=draw(chain.flows, f"Paths: {facet}, step by step"), doubt=judged.doubt)


def bound(model: PathsModel) -> PathsModel:
    """The model with the rarest pairs of states left out, each with all its moves, until it fits into a document.

    Some of the moves of a pair would look like certainty.
    """
    while len(msgspec.msgpack.encode(model)) > MAX_BYTES and any(chain.pairs for chain in model.facets.values()):
        facets = {facet: _halved(chain) for facet, chain in model.facets.items()}
        model = msgspec.structs.replace(model, facets=facets)
    return model


def _halved(chain: Chain) -> Chain:
    often = sorted(chain.second, key=lambda pair: -sum(chain.second[pair].values()))
    kept = frozenset(often[: len(often) // 2])
    pairs = [pair for pair in chain.pairs if (pair.previous, pair.state) in kept]
    return msgspec.structs.replace(chain, pairs=pairs)


def _facts(model: PathsModel, judged: Judged) -> dict[str, object]:
    chains = {
        facet: {
            "visits": chain.visits,
            "converted": chain.converted,
            "states": len(chain.states),
            "moves": len(chain.moves),
            "pairs": len(chain.pairs),
            "paths": len(chain.paths),
        }
        for facet, chain in model.facets.items()
    }
    figures = {
        f"{facet}, {name}": {metric: _told(found) for metric, found in metrics.items() if not isnan(found.value)}
        for facet, measured in judged.facets.items()
        for name, metrics in measured.models.items()
    }
    return {
        "conversion": " or ".join(model.conversions),
        "fewest_people": TERMS["people"],
        "chains": chains,
        "figures": figures,
    }


def _told(found: Estimate) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}
