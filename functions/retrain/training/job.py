"""One training: each model by itself, on the same log up to the same cutoff."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING

from shared.settings import Settings
from shared.stores.ports import Fields, Warehouse
from shared.telemetry import log, where
from training.results import Fitted, Model, Refused, Trained
from training.tables import create_tables, write_kinds

if TYPE_CHECKING:
    from training.collaborative.choose import Choice

Fit = Callable[[Warehouse, datetime, Settings], Fitted | Refused]

CRASHES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What numpy, scipy, scikit-learn, implicit and pyarrow raise on data they can not cope with, and what a bug raises on
such data here. One model's crash is recorded with the model; the others are trained all the same."""


def train(
    warehouse: Warehouse,
    models: Iterable[Model],
    cutoff: datetime,
    settings: Settings,
    live: Mapping[str, Fields] = {},
    stop: Event | None = None,
    choice: "Choice | None" = None,
) -> dict[Model, Trained]:
    """Train these models on what had happened by the cutoff. Blocks for long: call it from a thread.

    Args:
        live: the documents of the live models, for those that continue them.
        stop: once set, no further model is begun.
        choice: which learners make the neighbours and the candidates, where that has been decided.
    """
    create_tables(warehouse)
    write_kinds(warehouse, settings)
    trained: dict[Model, Trained] = {}
    fits = _fits(live, trained, choice)
    for model in models:
        if stop is None or not stop.is_set():
            trained[model] = _timed(model, fits[model], warehouse, cutoff, settings)
    if "neighbours" in trained and (stop is None or not stop.is_set()):
        _revise(trained, warehouse, cutoff, settings, live)
    return trained


def _revise(
    trained: dict[Model, Trained],
    warehouse: Warehouse,
    cutoff: datetime,
    settings: Settings,
    live: Mapping[str, Fields],
) -> None:
    """The blend has the last word on who makes the neighbours: it may find that item-kNN's add more to the rest; and on
    whether their documents hold sessions."""
    from training import neighbours

    def again(fit: Fit) -> None:
        before, after = trained["neighbours"], _timed("neighbours", fit, warehouse, cutoff, settings)
        trained["neighbours"] = after._replace(seconds=before.seconds + after.seconds)

    if choice := neighbours.revised(trained):
        again(partial(neighbours.fit, choice=choice))
    result = trained["neighbours"].result
    if isinstance(result, Fitted) and neighbours.hears_sessions(trained, live):
        again(partial(neighbours.with_sessions, result))


def _timed(model: Model, fit: Fit, warehouse: Warehouse, cutoff: datetime, settings: Settings) -> Trained:
    start = perf_counter()
    try:
        result = fit(warehouse, cutoff, settings)
    except CRASHES as error:
        log("ERROR", "a training crashed; the live model stays", model=model, stack_trace=where(error))
        result = Refused(f"it crashed: {type(error).__name__}: {error}")
    return Trained(result, perf_counter() - start)


def _fits(live: Mapping[str, Fields], trained: Mapping[Model, Trained], choice: "Choice | None") -> Mapping[Model, Fit]:
    # Imported here: scikit-learn takes a second that a process pays only when it trains.
    from training import blend, exploration, neighbours, personas, popularity
    from training.paths import fit as paths
    from training.propensity import fit as propensity

    return {
        "personas": partial(personas.fit, live=live.get("personas")),
        "neighbours": partial(neighbours.fit, choice=choice),
        "popularity": partial(popularity.fit, live=live.get("personas")),
        "blend": partial(blend.fit, beside=trained),
        "conversion": partial(propensity.fit_conversion, live=live.get("conversion")),
        "churn": partial(propensity.fit_churn, live=live.get("churn")),
        "paths": partial(paths.fit, live=live.get("paths")),
        "exploration": exploration.fit,
    }
