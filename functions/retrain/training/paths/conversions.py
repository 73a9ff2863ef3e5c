"""The paths that most often end in conversion."""

from collections.abc import Mapping
from typing import Any

from scipy.stats import binomtest

from shared.models.paths import Chain, Facet, Path
from shared.stores.ports import Warehouse
from training.paths.counts import Chains, Values
from training.queries import select

CONFIDENCE = 0.95
DIGITS = 6


def read_paths(warehouse: Warehouse, values: Values, chains: Chains) -> dict[Facet, list[Path]]:
    """By facet, those with most conversions first."""
    paths: dict[Facet, list[Path]] = {}
    for row in select(warehouse, "path_conversions", values).to_pylist():
        if chain := chains.get(row["facet"]):
            paths.setdefault(row["facet"], []).append(_path(row, chain))
    return paths


def _path(row: Mapping[str, Any], chain: Chain) -> Path:
    """The rate's interval is that of E. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",

    JASA 1927; visits of one person resemble each other, so the truth is somewhat wider.
    """
    visits, converted = row["visits"], row["converted"]
    interval = binomtest(converted, visits).proportion_ci(CONFIDENCE, "wilson")
    rate = converted / visits
    return Path(
        states=row["path"].split("\n"),
        ended=row["ended"],
        people=row["people"],
        visits=visits,
        converted=converted,
        rate=round(rate, DIGITS),
        low=round(float(interval.low), DIGITS),
        high=round(float(interval.high), DIGITS),
        lift=round(rate * chain.visits / chain.converted, DIGITS) if chain.converted else 1.0,
        median_s=row["median_ms"] / 1_000,
    )
