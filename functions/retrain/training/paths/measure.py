"""How good predictions of next steps and of conversion are, with intervals of 95 % confidence over people."""

from collections.abc import Mapping, Sequence
from math import exp, log, nan
from typing import NamedTuple

import msgspec
import numpy as np

from shared.models.next_steps import Shares, chance, number_of
from shared.models.paths import ENDS, SPECIAL, Chain
from training.bootstrap import Estimate, Floats, Ints, estimate, resample_means
from training.paths.absorbing import absorbed
from training.paths.chances import everywhere
from training.paths.foretell import SERVED, Step, predictors
from training.propensity.figures import figures_of

HITS = {"hit@1": 1, "hit@3": 3}
LIKELIHOOD = "log-likelihood"
COUNTED = "two states"
"""How conversion is foretold where it is served."""

UNDEFINED = Estimate(nan, nan, nan)

Table = dict[str, dict[str, Estimate]]
"""By way of predicting, by metric."""


class Measured(msgspec.Struct, frozen=True):
    """What the predictions of one facet come to.

    Attributes:
        steps: predicted; `going_on` of them led to another state, and by these alone hits are measured.
        ahead: by how much the served chain is ahead of each way, on the same steps.
        perplexity: of each way that gives probabilities: to so many equally likely states its uncertainty comes.
        chances: by forecaster of conversion, by metric: value, low and high.
    """

    steps: int
    going_on: int
    people: int
    models: Table
    ahead: Table
    perplexity: dict[str, Estimate]
    chances: dict[str, dict[str, dict[str, float]]]


class _Values(NamedTuple):
    hits: Floats
    likelihoods: Floats


def measure(chain: Chain, steps: Sequence[Step]) -> Measured | None:
    """The figures of the steps whose states the chain knows; None without any."""
    known = [step for step in steps if _is_known(chain, step)]
    onward = np.array([step.next not in ENDS for step in known])
    if not known or not onward.any():
        return None
    _, people = np.unique([step.person for step in known], return_inverse=True)
    names = list(predictors(chain))
    values = _values(chain, known)
    hits = resample_means(values.hits[onward].reshape(onward.sum(), -1), people[onward])
    hits = hits.reshape(-1, len(names), len(HITS))
    likely = resample_means(values.likelihoods, people)
    models: Table = {name: {} for name in names}
    ahead: Table = {name: {} for name in names if name != SERVED}
    best = names.index(SERVED)
    for place, name in enumerate(names):
        columns = [(metric, values.hits[onward][:, :, n], hits[:, :, n]) for n, metric in enumerate(HITS)]
        for metric, rows, means in [*columns, (LIKELIHOOD, values.likelihoods, likely)]:
            models[name][metric] = _estimate(rows[:, place], means[:, place])
            if name != SERVED:
                difference = rows[:, best] - rows[:, place]
                ahead[name][metric] = _estimate(difference, means[:, best] - means[:, place])
    perplexity = {name: _perplexity(found[LIKELIHOOD]) for name, found in models.items()}
    chances = _chances(chain, known, people)
    return Measured(len(known), int(onward.sum()), len(set(people)), models, ahead, perplexity, chances)


def _values(chain: Chain, steps: Sequence[Step]) -> _Values:
    hits, likelihoods = [], []
    ways = predictors(chain)
    for step in steps:
        target = number_of(chain, step.next)
        said = {name: predict(step) for name, predict in ways.items()}
        places = [_place(shares, target) for shares in said.values()]
        hits.append([[float(place < n) for n in HITS.values()] for place in places])
        likelihoods.append([log(shares[target]) if target in shares else nan for shares in said.values()])
    table = np.array(likelihoods)
    table[:, list(ways).index("repeat last")] = nan  # a ranking, no probabilities
    return _Values(np.array(hits), table)


def _place(shares: Shares, target: int) -> int:
    """Where the target is among the states, ends left out, from 0; ties by the state's name."""
    share = shares.get(target)
    if share is None:
        return max(HITS.values())
    return sum(other > share or (other == share and to < target) for to, other in shares.items() if to >= len(SPECIAL))


def _is_known(chain: Chain, step: Step) -> bool:
    here, to = number_of(chain, step.walk[-1]), number_of(chain, step.next)
    return here >= 0 and to >= 0 and here != to


def _estimate(rows: Floats, means: Floats) -> Estimate:
    value = float(rows.mean())
    return UNDEFINED if np.isnan(value) else estimate(value, means)


def _perplexity(found: Estimate) -> Estimate:
    return Estimate(*(exp(-value) for value in (found.value, found.high, found.low)))


def _chances(chain: Chain, steps: Sequence[Step], people: Ints) -> dict[str, dict[str, dict[str, float]]]:
    """Whether the visit converts in the end, as told at each of its steps; and by the share of all steps alone."""
    labels = np.array([float(step.converts) for step in steps])
    if not 0 < labels.sum() < len(labels):
        return {}
    by_moves = absorbed(chain)
    before = [step.walk[-2] if len(step.walk) > 1 else SPECIAL[0] for step in steps]
    told: Mapping[str, list[float]] = {
        COUNTED: [chance(chain, step.walk[-1], previous) for step, previous in zip(steps, before, strict=True)],
        "state alone": [chain.chances[number_of(chain, step.walk[-1])] for step in steps],
        "absorbing": [by_moves[number_of(chain, step.walk[-1])] for step in steps],
        "base rate": [everywhere(chain)] * len(steps),
    }
    return {name: figures_of(labels, np.array(said), people) for name, said in told.items()}
