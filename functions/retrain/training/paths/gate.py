"""Whether new chains may go live: held to popularity, and to the live ones, on later visits."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import numpy as np

from shared.errors import PermanentError
from shared.models.artifact import unpack_model
from shared.models.next_steps import next_steps
from shared.models.paths import ENDS, Chain, Facet, PathsModel
from shared.profiles.profile import to_ms
from shared.stores.ports import Fields, Warehouse
from training.bootstrap import Estimate, estimate, resample_means
from training.paths.chances import chances_of
from training.paths.counts import Chains, Values, read_chains
from training.paths.foretell import Step, read_steps
from training.paths.measure import HITS, LIKELIHOOD, Measured, measure
from training.queries import select
from training.results import VERSION_TIME

EARLIER = 0.8
FEWEST = 100
"""Fewer later steps of a facet say nothing of it."""

MOST = 1_500
SHOWN = "hit@1"


class Judged(NamedTuple):
    """By facet what was measured; and why the chains should not go live, if there is a reason."""

    facets: dict[Facet, Measured]
    doubt: str


def judge(warehouse: Warehouse, values: Values, live: Fields | None) -> Judged:
    """Count chains from visits that ended before the last fifth began, and have them foretell that."""
    [edge] = select(warehouse, "path_edge", {**values, "share": EARLIER}).to_pylist()
    if edge["edge_ms"] is None:
        return Judged({}, "")
    rival = _read_rival(live)
    divided = [edge["edge_ms"] - 1]
    if rival is not None:  # later, if enough has come since the live one
        divided.insert(0, max(to_ms(_learned_until(rival)), divided[0]))
    for known_ms in divided:
        earlier = {**values, "known_ms": known_ms, "most": MOST}
        steps = read_steps(warehouse, earlier)
        if known_ms == divided[-1] or max(map(len, steps.values()), default=0) >= FEWEST:
            break
        rival = None
    return judge_chains(read_chains(warehouse, earlier), steps, rival)


def judge_chains(chains: Chains, steps: Mapping[Facet, list[Step]], rival: PathsModel | None) -> Judged:
    """Chains, and what they are asked; `rival` has seen none of it."""
    facets: dict[Facet, Measured] = {}
    doubts = []
    for facet, chain in chains.items():
        asked = steps.get(facet, [])
        chain = msgspec.structs.replace(chain, chances=chances_of(chain))
        measured = measure(chain, asked) if len(asked) >= FEWEST else None
        if measured is None:
            continue
        facets[facet] = measured
        ahead = measured.ahead["most popular"][LIKELIHOOD]
        if ahead.value <= 0:
            doubts.append(f"{facet}: no better than popularity, {LIKELIHOOD} {ahead.value:+.4f}")
        known = rival.facets.get(facet) if rival else None
        if known and (behind := _ahead_of(known, chain, asked)).high < 0:
            doubts.append(f"{facet}: worse than what is live, {SHOWN} {behind.value:+.4f}")
    return Judged(facets, "; ".join(doubts))


def _ahead_of(live: Chain, new: Chain, steps: list[Step]) -> Estimate:
    """By how much the new chain's likeliest three states hold the next one more often; their states may differ."""
    onward = [step for step in steps if step.next not in ENDS]
    _, people = np.unique([step.person for step in onward], return_inverse=True)
    gains = np.array([[float(_hit(new, step)) - float(_hit(live, step))] for step in onward])
    return estimate(float(gains.mean()), resample_means(gains, people)[:, 0])


def _hit(chain: Chain, step: Step) -> bool:
    previous = step.walk[-2] if len(step.walk) > 1 else None
    said = [each.state for each in next_steps(chain, step.walk[-1], previous) if each.state not in ENDS]
    return step.next in said[: HITS[SHOWN]]


def _read_rival(fields: Fields | None) -> PathsModel | None:
    try:
        return unpack_model(fields, PathsModel) if fields else None
    except (PermanentError, msgspec.ValidationError):
        return None


def _learned_until(model: PathsModel) -> datetime:
    return datetime.strptime(model.version.partition("-")[0], VERSION_TIME).replace(tzinfo=UTC)
