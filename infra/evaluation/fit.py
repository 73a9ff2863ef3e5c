"""Training as production does it: the real SQL on a warehouse of the training events only, published as data."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from infra.local.bridge import to_row
from infra.local.layout import FUNCTIONS
from shared.events.event import Event, encode_event
from shared.events.facts import Hearsay, check, hearsay
from shared.models.facts import ItemFacts, encode_facts
from shared.models.items import COLLECTION, fold_facts
from shared.settings import Settings
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from shared.stores.ports import Documents, Fields, Warehouse

BATCH = 5_000
DOCUMENTS = 250


@contextmanager
def open_warehouse(path: Path, events: Sequence[Event]) -> Iterator[EmbeddedWarehouse]:
    """A warehouse whose log is these events, and what they say of items."""
    find_training()
    from training.tables import create_tables

    warehouse = EmbeddedWarehouse(path)
    try:
        create_tables(warehouse)
        for start in range(0, len(events), BATCH):
            warehouse.append("events", [to_row(encode_event(event)) for event in events[start : start + BATCH]])
        warehouse.append("items", [to_row(encode_facts(facts)) for facts in _news(events)])
        yield warehouse
    finally:
        warehouse.close()


async def fit(
    warehouse: Warehouse, documents: Documents, cutoff: datetime, settings: Settings
) -> dict[str, dict[str, object]]:
    """Train what ranking uses on what had happened by the cutoff, publish it, and report on each model."""
    find_training()
    from training.job import train
    from training.publish import publish
    from training.results import report

    trained = train(warehouse, ("personas", "neighbours", "popularity", "blend"), cutoff, settings)
    await publish(documents, trained)
    return {name: report(each) for name, each in trained.items()}


async def state_facts(documents: Documents, events: Iterable[Event]) -> None:
    """Fold what the events say of items into the item documents, as update_items does."""
    known: dict[str, Fields] = {}
    for facts in _news(events):
        fields = known.setdefault(facts.item_id, {"item_id": facts.item_id})
        known[facts.item_id] = {**fields, **fold_facts(fields, facts)}
    item_ids = list(known)
    for start in range(0, len(item_ids), DOCUMENTS):
        await documents.merge(COLLECTION, {item_id: known[item_id] for item_id in item_ids[start : start + DOCUMENTS]})


def _news(events: Iterable[Event]) -> Iterator[ItemFacts]:
    """What the events say of items, where the last word was another: as collect publishes it."""
    last: dict[str, Hearsay] = {}
    for event in events:
        for item_id, said in hearsay(event):
            if last.get(item_id) != said and (facts := check(item_id, said, event)):
                last[item_id] = said
                yield facts


def find_training() -> None:
    """functions-framework puts a function's own folder on the path; here nobody else does."""
    folder = next(str(function.source.parent) for function in FUNCTIONS if function.name == "retrain")
    if folder not in sys.path:
        sys.path.append(folder)
