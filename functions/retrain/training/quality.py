"""Item quality: of the people who told, the share who stay with an item, as far as there is evidence for it."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shared.stores.ports import Warehouse
from training.queries import select

Counts = npt.NDArray[np.float64]

LEAST, MOST = 2.0, 1_000.0
"""Bounds of the prior's weight, in people: two people never decide, a thousand always do."""

TOLD = 2_000
"""So many items are named, those that differ most: the others count as usual."""

DIFFERS = 0.01
DIGITS = 4


class Quality(NamedTuple):
    """The Beta prior, its mean and the people whom it weighs as much as, and the posterior mean by item."""

    usual: float
    people: float
    items: dict[str, float]


def read_quality(warehouse: Warehouse, values: Mapping[str, object]) -> Quality | None:
    """What was known by the cutoff; None where nobody has told, or all tell the same: then it says nothing of items."""
    table = select(warehouse, "item_quality", values)
    stayed, left = (table[name].to_numpy().astype(np.float64) for name in ("stayed", "left_it"))
    if len(stayed) < 2 or not stayed.sum() or not left.sum():
        return None
    usual, people = fit_prior(stayed, left)
    means = posterior(stayed, left, usual, people).tolist()
    return Quality(usual, people, dict(zip(table["item_id"].to_pylist(), means, strict=True)))


def fit_prior(stayed: Counts, left: Counts) -> tuple[float, float]:
    """Mean and weight of the Beta distribution that the items' true shares are drawn from, by moments.

    What items differ by beyond the chance of so few people is theirs: J. Kleinman, "Proportions with extraneous
    variance: single and independent samples", JASA 1973. Where they differ by less, the prior is as strong as may be.
    """
    told = stayed + left
    mean = float(stayed.sum() / told.sum())
    chance = mean * (1.0 - mean)
    spread = float((told * (stayed / told - mean) ** 2).sum()) / chance
    degrees = len(told) - 1.0
    spare = float(told.sum() - (told**2).sum() / told.sum()) - degrees
    if spread <= degrees or spare <= 0.0:
        return mean, MOST
    correlation = min((spread - degrees) / spare, 1.0)
    return mean, float(np.clip(1.0 / correlation - 1.0, LEAST, MOST))


def posterior(stayed: Counts, left: Counts, usual: float, people: float) -> Counts:
    """(stayed + usual · people) / (stayed + left + people): with little evidence, nearly the prior's mean."""
    return (stayed + usual * people) / (stayed + left + people)


def unusual(quality: Quality) -> dict[str, float]:
    """Items whose quality is told: those that differ most from what is usual, by ratio."""
    away = {item_id: abs(np.log(share / quality.usual)) for item_id, share in quality.items.items()}
    told = sorted((item_id for item_id in away if away[item_id] >= DIFFERS), key=lambda one: (-away[one], one))
    return {item_id: round(quality.items[item_id], DIGITS) for item_id in sorted(told[:TOLD])}
