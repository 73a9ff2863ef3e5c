"""Interactions for a job elsewhere: as of every time that a training asks a learner about, so that none knows more.

These are the cutoff, where the trial divides the log, and before each of the two the edge of the validation slice.
"""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.profiles.profile import from_ms
from shared.profiles.quarantined import quarantined
from shared.settings import Settings
from shared.stores.ports import Fields, Warehouse
from training.collaborative.choose import SHARE
from training.collaborative.matrix import ITEMS_PER_PERSON
from training.factors import folder
from training.lease import leased
from training.order import Order
from training.publish import read_pointer
from training.quarantine import forget_quarantined, write_quarantined
from training.queries import compose, select, terms
from training.run import Stores, note_lost
from training.tables import create_tables, write_kinds
from training.trial import cut_of

QUERY = "export_interactions"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOLDERS = "????????T????????????Z"


async def export(order: Order, stores: Stores) -> dict[str, object]:
    """Leave the interactions; says where they are, and where factors are to be. Raises TakenError, RetryableError."""
    async with leased(stores.documents, stores.clock) as lease:
        await note_lost(stores, lease)
        excluded = await quarantined(stores.documents, stores.settings)
        pointer = await read_pointer(stores.documents)

        def work() -> list[str]:
            warehouse = stores.warehouse()
            create_tables(warehouse)
            write_kinds(warehouse, stores.settings)
            write_quarantined(warehouse, excluded)
            forget(stores.settings)
            try:
                found = edges(warehouse, order.cutoff, stores.settings, pointer)
                return [leave(warehouse, edge, stores.settings) for edge in found]
            finally:
                forget_quarantined(warehouse)

        folders = await asyncio.to_thread(work)
    left = [{"interactions": f"{one}/interactions", "factors": f"{one}/factors"} for one in folders]
    return {"cutoff": order.cutoff, "exported": left}


def edges(warehouse: Warehouse, cutoff: datetime, settings: Settings, pointer: Fields) -> list[datetime]:
    """The times that a training up to the cutoff asks about, the latest first."""
    cut = cut_of(warehouse, cutoff, settings, pointer)
    ends = [cutoff, cut.at] if cut else [cutoff]
    found = {*ends}
    for end in ends:
        values = {**terms(end, settings), "share": SHARE}
        edge_ms = select(warehouse, "validation_edge", values).to_pylist()[0]["edge_ms"]
        if edge_ms is not None:
            found.add(from_ms(edge_ms) - timedelta(microseconds=1))
    return sorted(found, reverse=True)


def forget(settings: Settings) -> None:
    """What trainings before have left on this machine. In Cloud Storage the bucket's lifecycle does this."""
    for place in Path(folder(settings, EPOCH)).parent.glob(FOLDERS):
        shutil.rmtree(place)


def leave(warehouse: Warehouse, cutoff: datetime, settings: Settings) -> str:
    """Write the interactions up to the cutoff; says into which folder.

    To Cloud Storage BigQuery writes them itself: nothing of them comes here.
    """
    place = folder(settings, cutoff)
    values = {**terms(cutoff, settings), "items_per_person": ITEMS_PER_PERSON}
    if place.startswith("gs://"):
        options = f"uri = '{place}/interactions/*.parquet', format = 'PARQUET', overwrite = true"
        warehouse.query(f"EXPORT DATA OPTIONS ({options}) AS\n{compose(QUERY)}", values)
        return place
    from pyarrow import parquet

    (into := Path(place, "interactions")).mkdir(parents=True)
    parquet.write_table(select(warehouse, QUERY, values), into / "0.parquet")
    return place
