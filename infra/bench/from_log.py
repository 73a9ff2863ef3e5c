"""Trainings from a log in the embedded warehouse; run as a process of its own.

`python -m infra.bench.from_log EVENTS PEOPLE ITEMS FILE` makes the log where it is missing, else trains on it, and
prints what that took, model by model.
"""

import json
import resource
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow

from infra.bench.interactions import DAYS, Size, log_script
from infra.evaluation.fit import find_training
from shared.settings import Settings
from shared.stores.embedded.warehouse import EmbeddedWarehouse

CUTOFF = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=DAYS)
PART = 1_000_000
"""Events made by one statement."""


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
    from training.tables import create_tables

    create_tables(warehouse)
    write_quarantined(warehouse, {})
    for first in range(1, size.events + 1, PART):
        warehouse.run(log_script(size, first, min(size.events, first + PART - 1)))


def train_each(warehouse: Counted, cutoff: datetime = CUTOFF) -> dict[str, tuple[float, int, float]]:
    """Of each model's training the seconds, the rows, and the most MB that the process had had by its end."""
    from training.job import train
    from training.order import MODELS

    found: dict[str, tuple[float, int, float]] = {}
    for model in MODELS:
        warehouse.fetched = 0
        [trained] = train(warehouse, [model], cutoff, Settings()).values()
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found[model] = trained.seconds, warehouse.fetched, peak_mb
    return found


def main(events: str, people: str, items: str, file: str) -> None:
    """Make the log, or train on it."""
    find_training()
    path = Path(file)
    is_new = not path.exists()
    warehouse = Counted(path)
    found: dict[str, tuple[float, int, float]] = {}
    if is_new:
        make_log(warehouse, Size(int(events), int(people), int(items)))
    else:
        found = train_each(warehouse)
    warehouse.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
