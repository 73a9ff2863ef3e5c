"""Trainings from a log in the embedded warehouse; run as a process of its own.

`python -m infra.bench.from_log make EVENTS PEOPLE ITEMS FILE` makes the log; `train FILE` trains every model on it, and
`features FILE` only asks for what models are learned from. Both print what that took, by name: seconds, rows that came
into Python, and the most MB that the process had had by then.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow

from infra.bench.interactions import DAYS, Size, log_script
from infra.bench.peak import peak_mb
from infra.evaluation.fit import find_training
from shared.settings import Settings
from shared.stores.embedded.warehouse import EmbeddedWarehouse

CUTOFF = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=DAYS)
PART = 1_000_000
"""Events made by one statement."""

Took = tuple[float, int, float]
Steps = Iterator[tuple[str, Callable[[], object]]]


class Counted(EmbeddedWarehouse):
    """The warehouse; counts the rows that come into Python."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.fetched = 0

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pyarrow.Table:
        found = super().query(sql, parameters)
        self.fetched += found.num_rows
        return found


def make_log(warehouse: EmbeddedWarehouse, size: Size) -> None:
    """A log of this size and nothing else."""
    from training.quarantine import write_quarantined
    from training.tables import create_tables, write_kinds

    create_tables(warehouse)
    write_quarantined(warehouse, {})
    write_kinds(warehouse, Settings())
    for first in range(1, size.events + 1, PART):
        warehouse.run(log_script(size, first, min(size.events, first + PART - 1)))


def trainings(warehouse: Counted) -> Steps:
    """Every model, in the order of a retraining."""
    from training.job import train
    from training.order import MODELS

    for model in MODELS:
        yield model, lambda model=model: train(warehouse, [model], CUTOFF, Settings())  # type: ignore[misc]
    yield "sessions, where they are heard", lambda: _sessions(warehouse)


def _sessions(warehouse: Counted) -> int:
    """All that goes into item documents, in bytes."""
    from training.queries import terms
    from training.sessions import read_sessions

    index = read_sessions(warehouse, terms(CUTOFF, Settings()))
    return sum(len(index.packed(item_id)) for item_id in index.latest)


def features(warehouse: Counted) -> Steps:
    """What personas, neighbours, popularity and propensities are learned from."""
    from training.collaborative.matrix import ITEMS_PER_PERSON
    from training.popularity import LIMITS, TREND_MS
    from training.propensity.rows import read_rows
    from training.queries import select, terms

    values = {**terms(CUTOFF, Settings()), **LIMITS, "trend_ms": TREND_MS, "items_per_person": ITEMS_PER_PERSON}
    for name in ("persona_features", "interactions", "popularity"):
        yield name, lambda name=name: select(warehouse, name, values)  # type: ignore[misc]
    yield "propensity, conversion", lambda: read_rows(warehouse, "conversion", CUTOFF, Settings())
    yield "propensity, churn", lambda: read_rows(warehouse, "churn", CUTOFF, Settings())


def measure(warehouse: Counted, steps: Steps) -> dict[str, Took]:
    """What each step took."""
    found: dict[str, Took] = {}
    for name, step in steps:
        warehouse.fetched, begun = 0, time.perf_counter()
        step()
        seconds = time.perf_counter() - begun
        found[name] = seconds, warehouse.fetched, peak_mb()
    return found


def main(what: str, *given: str) -> None:
    """Make the log, train on it, or ask for its features."""
    find_training()
    *size, file = given
    warehouse = Counted(Path(file))
    if what == "make":
        make_log(warehouse, Size(*map(int, size)))
    else:
        print(json.dumps(measure(warehouse, (trainings if what == "train" else features)(warehouse))))
    warehouse.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
