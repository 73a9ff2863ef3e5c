"""Popularity: the items that many people have shown interest in lately."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from shared.models.personas import PersonaModel
from shared.models.popularity import Leaning, PopularityModel, Ranking
from shared.profiles.profile import MS
from shared.settings import Settings
from shared.stores.ports import Fields, Warehouse
from training.leanings import personas_at, read_leanings
from training.queries import select, terms
from training.results import Fitted, Refused, fitted

if TYPE_CHECKING:
    import pyarrow

LIMITS = {"items": 1_000, "categories": 1_000, "items_per_category": 100, "trending": 100}
TREND_MS = timedelta(days=1) // MS
"""A trend halves in a day."""

MAX_BYTES = 900_000
"""A document holds a million; identifiers can be so long that the limits do not bound the size."""


def fit(warehouse: Warehouse, cutoff: datetime, settings: Settings, live: Fields | None = None) -> Fitted | Refused:
    """What was popular at the cutoff; `live` is the document of the live personas, whose names are kept."""
    model = learn(warehouse, cutoff, settings, personas_at(warehouse, cutoff, settings, live))
    if isinstance(model, Refused):
        return model
    facts = {"items": len(model.items), "categories": len(model.categories), "personas": sorted(model.personas)}
    return fitted("popularity", model, cutoff, facts)


def learn(
    warehouse: Warehouse, cutoff: datetime, settings: Settings, personas: PersonaModel | None
) -> PopularityModel | Refused:
    """Popularity over all, and among those of each of these personas."""
    values = {**terms(cutoff, settings), **LIMITS, "trend_ms": TREND_MS}
    table = select(warehouse, "popularity", values)
    if not table.num_rows:
        return Refused("nobody has shown interest in an item")
    leanings = read_leanings(warehouse, values, personas) if personas else {}
    return bound(msgspec.structs.replace(read_model(table), personas=leanings))


def read_model(table: "pyarrow.Table") -> PopularityModel:
    """The model of the query's rows, which come in the order of their score."""
    items: Ranking = []
    categories: dict[str, Ranking] = {}
    trends: Ranking = []
    for row in table.to_pylist():
        pair = row["item_id"], row["score"]
        if row["item_rank"] <= LIMITS["items"]:
            items.append(pair)
        if row["trend"] is not None:
            trends.append((row["item_id"], row["trend"]))
        ranking = categories.setdefault(row["category"] or "", [])
        if row["category_rank"] is not None and row["category_rank"] <= LIMITS["categories"]:
            ranking.append(pair)
    leading = {
        category: _relative(ranking[: LIMITS["items_per_category"]])
        for category, ranking in categories.items()
        if ranking
    }
    trends.sort(key=lambda pair: (-pair[1], pair[0]))
    return PopularityModel("", _relative(items), leading, _relative(trends))


def bound(model: PopularityModel) -> PopularityModel:
    """The model with its lists halved until it fits into a document."""
    while len(msgspec.msgpack.encode(model)) > MAX_BYTES:
        categories = {category: ranking[: len(ranking) // 2] for category, ranking in model.categories.items()}
        items, trends = model.items[: len(model.items) // 2], model.trends[: len(model.trends) // 2]
        personas = {name: _halved(leaning) for name, leaning in model.personas.items()}
        model = PopularityModel(model.version, items, categories, trends, personas)
    return model


def _halved(leaning: Leaning) -> Leaning:
    items, trends = leaning.items[: len(leaning.items) // 2], leaning.trends[: len(leaning.trends) // 2]
    return Leaning(items, leaning.rest, trends, leaning.trends_rest)


def _relative(ranking: Ranking) -> Ranking:
    shares = ((item_id, round(score / ranking[0][1], 9)) for item_id, score in ranking)
    return [(item_id, share) for item_id, share in shares if share > 0.0]
