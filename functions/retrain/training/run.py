"""One retraining from the order to the pointer: train, judge, publish, and a card for everything that came of it."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Event
from typing import NamedTuple

import msgspec

from shared import wiring
from shared.profiles.quarantined import quarantined
from shared.profiles.standing import Standing
from shared.settings import Settings
from shared.stores.ports import Documents, Fields, Warehouse
from shared.telemetry import log
from training.card import Verdict, read_card, write_cards
from training.cards import Learned, failed, read_learned
from training.job import train
from training.lease import Lease, leased
from training.order import Order
from training.overtime import Worker
from training.publish import RELATED, live_models, read_pointer
from training.quarantine import forget_quarantined, write_quarantined
from training.release import release
from training.results import Model, Trained
from training.tables import create_tables, write_kinds
from training.trial import RANKING, Live, choose_once, reader, try_ranking

AGAIN_S = 60.0
"""A thread that is still busy by then is told again to end; what it does in between to tidy up is left alone."""

LOST = "its instance was lost before it came to an end: killed, or out of memory"


class Stores(NamedTuple):
    """What a retraining works on. The warehouse is opened in the thread that trains."""

    documents: Documents
    warehouse: Callable[[], Warehouse]
    settings: Settings
    clock: Callable[[], datetime]


def open_stores(settings: Settings) -> Stores:
    """Those that the settings lead to."""
    return Stores(wiring.documents(settings), lambda: wiring.warehouse(settings), settings, wiring.clock)


class Work(NamedTuple):
    """What the thread has made."""

    left_out: dict[str, object]
    learned: Learned
    trained: dict[Model, Trained]
    ranking: Verdict | None


_running: set["asyncio.Task[dict[str, object]]"] = set()
"""Trainings that outlive their answers."""


async def retrain(order: Order, stores: Stores) -> dict[str, object]:
    """What became of each model. Raises TakenError while another training runs, else RetryableError."""
    if order.engine:
        stores = stores._replace(settings=msgspec.structs.replace(stores.settings, engine=order.engine))
    late: asyncio.Future[dict[str, object]] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(_retrain(order, stores, late))
    _running.add(task)
    task.add_done_callback(_running.discard)
    await asyncio.wait({task, late}, return_when=asyncio.FIRST_COMPLETED)
    return late.result() if late.done() else task.result()


async def _retrain(order: Order, stores: Stores, late: "asyncio.Future[dict[str, object]]") -> dict[str, object]:
    async with leased(stores.documents, stores.clock, order.models, order.cutoff) as lease:
        await note_lost(stores, lease)
        excluded = await quarantined(stores.documents, stores.settings)
        pointer, stop = await read_pointer(stores.documents), Event()
        relations = reader(stores.documents, pointer, asyncio.get_running_loop())
        live = Live(pointer, await live_models(stores.documents, pointer), relations, await _learned(stores, pointer))
        worker = Worker(lambda: _train(order, stores, excluded, live, stop))
        working = asyncio.wrap_future(worker.result)
        minutes = stores.settings.train_minutes
        done, _ = await asyncio.wait({working}, timeout=minutes * 60)
        if not done:
            stop.set()
            reason = f"it took longer than {minutes:g} minutes"
            log("ERROR", "a training makes nothing live", reason=reason)
            late.set_result(await _give_up(order, stores, reason))
            # Nobody else trains on these tables until it has ended.
            await _end(worker, working)
            await asyncio.to_thread(lambda: forget_quarantined(stores.warehouse()))
            return late.result()
        work = working.result()
        models = await release(
            order, stores.documents, work.trained, work.learned, work.ranking, stores.settings, stores.clock, lease
        )
    return {"cutoff": order.cutoff, "models": models, "left_out": work.left_out}


async def _end(worker: Worker[Work], working: "asyncio.Future[Work]") -> None:
    """Wait until the thread has ended, and see to it that it does."""
    while not working.done():
        worker.end()
        await asyncio.wait({working}, timeout=AGAIN_S)
        if not working.done():
            log("ERROR", "a training goes on beyond its time; until it ends, or its instance, no other one begins")
    if not working.cancelled():
        working.exception()  # read, so that nobody misses it


async def _learned(stores: Stores, pointer: Fields) -> int:
    """The most events that a live ranking model was learned from."""
    names = [name for name in sorted(RANKING) if name in pointer]
    cards = [await read_card(stores.documents, name, str(pointer[name])) for name in names]
    return max((card.events for card in cards if card), default=0)


async def _give_up(order: Order, stores: Stores, reason: str) -> dict[str, object]:
    cards = [failed(model, order.cutoff, reason, stores.clock(), stores.settings) for model in order.models]
    await write_cards(stores.documents, cards)
    models = {model: {"status": "rejected", "reason": reason} for model in order.models}
    return {"cutoff": order.cutoff, "models": models, "left_out": {}}


async def note_lost(stores: Stores, lease: Lease) -> None:
    """A holder that let its lease expire could write no card itself."""
    models, cutoff = lease.lost.get("models"), lease.lost.get("cutoff")
    if isinstance(models, list) and isinstance(cutoff, datetime):
        await write_cards(
            stores.documents, [failed(model, cutoff, LOST, stores.clock(), stores.settings) for model in models]
        )


def _train(order: Order, stores: Stores, excluded: Mapping[str, Standing], live: Live, stop: Event) -> Work:
    warehouse = stores.warehouse()
    create_tables(warehouse)
    left_out = write_quarantined(warehouse, excluded)
    try:
        about = order.cutoff, stores.settings
        write_kinds(warehouse, stores.settings)
        choice = choose_once(warehouse, *about, live) if RELATED in order.models else None
        trained = train(warehouse, order.models, *about, live.models, stop, choice)
        learned = read_learned(warehouse, *about)
        ranking = None if stop.is_set() else try_ranking(warehouse, trained, *about, live, choice)
        return Work(left_out, learned, trained, ranking)
    finally:
        forget_quarantined(warehouse)
