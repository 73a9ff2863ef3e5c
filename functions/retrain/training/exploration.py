"""Exploration: which items might be better than they look, by context, from what was shown and what was then met."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import betaincinv
from sklearn.isotonic import isotonic_regression

from shared.models.exploration import ExplorationModel, Pool
from shared.profiles.profile import to_ms
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.best import Floats, shares_of_best
from training.quality import fit_prior
from training.queries import select, terms
from training.results import Fitted, Refused, fitted

if TYPE_CHECKING:
    import pyarrow

SINCE = timedelta(days=30)
"""What was shown longer ago says little of now."""

MOST = 200
NEWEST = 100
"""Of a pool: items in all, and of the newest ones."""

PROMISING = 0.95
"""The others are those whose rate may be the highest: by this quantile."""

STEADY = 100.0
"""The rate of a place counts as if it had been shown so often more, at the rate of all places."""

EVEN = 0.05
"""This share is divided evenly, so that no probability is so small that an estimate by its inverse is worth nothing."""

DIGITS = 9


class Evidence(NamedTuple):
    """Of some items: how often they would have been shown at a usual place, how often they were met."""

    item_ids: list[str]
    shown: Floats
    met: Floats
    is_there: "np.typing.NDArray[np.bool_]"


def fit(warehouse: Warehouse, cutoff: datetime, settings: Settings) -> Fitted | Refused:
    """A pool for each context of which enough is known, and one over all."""
    values = {**terms(cutoff, settings), "since": cutoff - SINCE, "newest": NEWEST}
    table = select(warehouse, "exposures", values)
    newest: list[str] = select(warehouse, "newest_items", values)["item_id"].to_pylist()
    other = make_pool(weigh(table), newest)
    if other is None:
        return Refused("of no recommendation is it known that it was shown and that something of it was met")
    names = sorted(set(table["context"].to_pylist()))
    found = {name: make_pool(weigh(_of(table, name)), newest) for name in names}
    contexts = {name: pool for name, pool in found.items() if pool is not None}
    facts = {
        "contexts": {name: len(pool.items) for name, pool in contexts.items()},
        "items": len(other.items),
        "shown": sum(table["shown"].to_pylist()),
        "met": sum(table["met"].to_pylist()),
        "newcomer": other.newcomer,
    }
    return fitted("exploration", ExplorationModel("", contexts, other, to_ms(cutoff)), cutoff, facts)


def weigh(table: "pyarrow.Table") -> Evidence:
    """What the rows say of each item.

    Whatever stands further down is met less, whichever it is: an item shown at a place where half as much is met counts
    as shown half as often (clicks over expected clicks: V. Zhang, R. Jones, "Comparing Click Logs and Editorial Labels
    for Training Query Rewriting", WWW 2007). A place where more is met than at one above it owes that to its items.
    """
    shown, met, places = (table[name].to_numpy().astype(np.float64) for name in ("shown", "met", "place"))
    mean = met.sum() / max(shown.sum(), 1.0)
    expected = shown * _rates(places, shown, met, mean) / mean if mean else shown
    item_ids, item = np.unique(np.array(table["item_id"].to_pylist(), dtype=object), return_inverse=True)
    number = len(item_ids)
    counted = np.asarray(np.bincount(item, met, number), dtype=np.float64)
    is_there = np.bincount(item, table["is_there"].to_numpy(zero_copy_only=False), number) > 0
    return Evidence(item_ids.tolist(), np.maximum(np.bincount(item, expected, number), counted), counted, is_there)


def _rates(places: Floats, shown: Floats, met: Floats, mean: float) -> Floats:
    """For each row how often what stands at its place is met; no place has a higher rate than one above it."""
    _, at = np.unique(places, return_inverse=True)
    weights = np.bincount(at, shown) + STEADY
    rates = isotonic_regression(
        (np.bincount(at, met) + STEADY * mean) / weights, sample_weight=weights, increasing=False
    )
    return np.asarray(rates[at], dtype=np.float64)


def make_pool(known: Evidence, newest: list[str]) -> Pool | None:
    """The pool: the newest items and the most promising ones. None where too little was shown to tell what is usual."""
    left = known.shown - known.met
    if len(known.item_ids) < 2 or not known.met.sum() or not left.sum():
        return None
    usual, weight = fit_prior(known.met, left)
    # At least one meeting: where it would be less, hardly any item but a few would be thought to be met at all.
    prior = usual * max(weight, 1.0 / usual), (1.0 - usual) * max(weight, 1.0 / usual)
    alpha, beta = prior[0] + known.met, prior[1] + left
    promising = betaincinv(alpha, beta, PROMISING)
    at = {item_id: place for place, item_id in enumerate(known.item_ids)}
    order = sorted(np.flatnonzero(known.is_there).tolist(), key=lambda place: (-promising[place], place))
    chosen = list(dict.fromkeys((*newest[:NEWEST], *(known.item_ids[place] for place in order))))[:MOST]
    pairs = [(alpha[at[item_id]], beta[at[item_id]]) if item_id in at else prior for item_id in chosen]
    shares = shares_of_best(*np.array([*pairs, prior]).T)
    shares = (1.0 - EVEN) * shares + EVEN / len(shares)
    told = [(item_id, round(share, DIGITS)) for item_id, share in zip(chosen, shares.tolist(), strict=False)]
    return Pool(sorted(told, key=lambda pair: (-pair[1], pair[0])), round(float(shares[-1]), DIGITS))


def _of(table: "pyarrow.Table", context: str) -> "pyarrow.Table":
    return table.filter([name == context for name in table["context"].to_pylist()])
