"""What people of each persona lean to: popularity and trends among them, as if some of everybody were there, too."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from shared.models.personas import PersonaModel
from shared.models.popularity import Leaning, Ranking
from shared.settings import Settings
from shared.stores.ports import Fields, Warehouse
from shared.telemetry import log
from training import personas
from training.job import CRASHES
from training.quarantine import literal
from training.queries import select
from training.results import Refused

CROWD = 100
"""So many people of all kinds are thought to be among those of each persona."""

LIMITS = {"crowd": CROWD, "items_per_persona": 200, "trends_per_persona": 50}
DIGITS = 9


def personas_at(
    warehouse: Warehouse, cutoff: datetime, settings: Settings, live: Fields | None = None
) -> PersonaModel | None:
    """The personas of everyone as of the cutoff, by the names of the live ones; None where there are none to be found.

    Found anew, so that what is learned from them knows nothing later. In a training of all models, it is the same model
    as the one that is published.
    """
    try:
        found = personas.find(warehouse, cutoff, settings, live)
    except CRASHES as error:
        # It is recorded with the model of the personas; what is popular with all can do without them.
        log("WARNING", "popularity goes without personas", reason=f"{type(error).__name__}: {error}")
        return None
    return None if isinstance(found, Refused) else found.clusters.model


def read_leanings(warehouse: Warehouse, values: Mapping[str, object], model: PersonaModel) -> dict[str, Leaning]:
    """By persona. `values` are the parameters of popularity over all."""
    write_centroids(warehouse, model)
    rows = select(warehouse, "popularity_personas", {**values, **LIMITS}).to_pylist()
    return {persona: _leaning(list(some)) for persona, some in groupby(rows, key=itemgetter("persona"))}


def write_centroids(warehouse: Warehouse, model: PersonaModel) -> None:
    """Replace the table `centroids`: a row a persona, its features as infra/sql/personas.sql wants them."""
    rows = "\nUNION ALL ".join(f"SELECT {', '.join(_columns(model, place))}" for place in range(len(model.names)))
    warehouse.run(f"CREATE OR REPLACE TABLE centroids AS\n{rows};")


def _columns(model: PersonaModel, place: int) -> Iterator[str]:
    yield f"{literal(model.names[place])} AS persona"
    yield f"{place} AS place"
    about = zip(model.features, model.centroids[place], model.mean, model.scale, strict=True)
    for feature, centre, mean, scale in about:
        yield f"CAST({mean + centre * scale!r} AS FLOAT64) AS {feature}"
        yield f"CAST({scale!r} AS FLOAT64) AS {feature}_scale"


def _leaning(rows: list[dict[str, float]]) -> Leaning:
    items, rest = _relative(rows, "score", "item_rank", LIMITS["items_per_persona"], "rest")
    trends, trends_rest = _relative(rows, "trend", "trend_rank", LIMITS["trends_per_persona"], "trend_rest")
    return Leaning(items, rest, trends, trends_rest)


def _relative(rows: list[dict[str, float]], value: str, rank: str, most: int, rest: str) -> tuple[Ranking, float]:
    """Relative to the first of all, which somebody else's may be."""
    best = max(rows[0][rest], *(row[value] for row in rows))
    if best <= 0.0:
        return [], 0.0
    kept = sorted((row for row in rows if row[rank] <= most and row[value] > 0.0), key=itemgetter(rank))
    ranking = [(str(row["item_id"]), round(row[value] / best, DIGITS)) for row in kept]
    return ranking, round(rows[0][rest] / best, DIGITS)
