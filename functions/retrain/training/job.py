"""One training: each model by itself, on the same log up to the same cutoff."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from time import perf_counter

from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.results import Fitted, Model, Refused, Trained
from training.tables import create_tables, write_kinds

Fit = Callable[[Warehouse, datetime, Settings], Fitted | Refused]


def train(warehouse: Warehouse, models: Iterable[Model], cutoff: datetime, settings: Settings) -> dict[Model, Trained]:
    """Train these models on what had happened by the cutoff. Blocks for long: call it from a thread."""
    create_tables(warehouse)
    write_kinds(warehouse, settings)
    fits = _fits()
    return {model: _timed(fits[model], warehouse, cutoff, settings) for model in models}


def _timed(fit: Fit, warehouse: Warehouse, cutoff: datetime, settings: Settings) -> Trained:
    start = perf_counter()
    result = fit(warehouse, cutoff, settings)
    return Trained(result, perf_counter() - start)


def _fits() -> Mapping[Model, Fit]:
    # Imported here: scikit-learn takes a second that a process pays only when it trains.
    from training import neighbours, personas, popularity

    return {"personas": personas.fit, "neighbours": neighbours.fit, "popularity": popularity.fit}
