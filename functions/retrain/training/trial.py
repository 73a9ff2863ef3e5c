"""The trial of the ranking models: trained on the earlier part of the log, judged on the later one."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from shared.models.items import COLLECTION as ITEMS
from shared.models.relations import field, live_slot
from shared.settings import Settings
from shared.stores.ports import Documents, Fields, Warehouse
from training.card import Verdict
from training.cards import Learned, read_learned
from training.held_out import Cut, find_cut, read_met, read_timelines, steps
from training.job import CRASHES, train
from training.order import MODELS
from training.publish import RELATED
from training.results import VERSION_TIME, Fitted, Model, Trained

if TYPE_CHECKING:
    from training.collaborative.choose import Choice

RANKING: frozenset[Model] = frozenset(("neighbours", "popularity", "blend"))
"""The models whose lists people see. They are served together, so they are judged and go live together."""

ASKED: Model = "personas"
"""Not judged here, but asked: what is popular goes by persona."""

FEWEST_STEPS = 200
"""Fewer say nothing: NDCG would be known to five hundredths."""


class Live(NamedTuple):
    """What is live.

    Attributes:
        pointer: versions by name.
        models: documents by name.
        relations: reads the packed relations of items.
        events: what the ranking models were learned from.
    """

    pointer: Fields
    models: Mapping[str, Fields]
    relations: Callable[[Sequence[str]], dict[str, bytes]]
    events: int = 0


def reader(
    documents: Documents, pointer: Fields, loop: asyncio.AbstractEventLoop
) -> Callable[[Sequence[str]], dict[str, bytes]]:
    """Reads live relations from another thread than the one of the stores."""
    slot = live_slot(pointer)

    def read(item_ids: Sequence[str]) -> dict[str, bytes]:
        found = asyncio.run_coroutine_threadsafe(documents.get_many(ITEMS, item_ids), loop).result()
        packed = {item_id: document.fields.get(field(slot)) for item_id, document in found.items()}
        return {item_id: one for item_id, one in packed.items() if isinstance(one, bytes)}

    return read


def choose_once(warehouse: Warehouse, cutoff: datetime, settings: Settings, live: Live) -> "Choice | None":
    """Which learners make neighbours and candidates, for the training and its trial: tuning costs as much as fitting.

    Decided on what comes before the cut, so that the trial judges it by what it has not seen. None if that crashes: the
    training will, too, and then it is on record.
    """
    # Imported here: numpy is for those who train.
    from training.collaborative.choose import choose

    cut = cut_of(warehouse, cutoff, settings, live.pointer)
    try:
        return choose(warehouse, cut.at if cut else cutoff, settings)
    except CRASHES:
        return None


def try_ranking(
    warehouse: Warehouse,
    trained: Mapping[Model, Trained],
    cutoff: datetime,
    settings: Settings,
    live: Live,
    choice: "Choice | None" = None,
) -> Verdict | None:
    """The verdict on all ranking models of a training. None if there are none."""
    new = [model for model, each in trained.items() if model in RANKING and isinstance(each.result, Fitted)]
    if not new:
        return None
    cut = cut_of(warehouse, cutoff, settings, live.pointer)
    if cut is None:
        return _unjudged(0, read_learned(warehouse, cutoff, settings), live)
    people, met = read_timelines(warehouse, cutoff, settings, cut.at), read_met(warehouse, cut.at, settings)
    crowd = read_learned(warehouse, cut.at, settings).people
    asked = steps(people, cut.at, met)
    if len(asked) < FEWEST_STEPS:
        return _unjudged(len(asked), read_learned(warehouse, cutoff, settings), live)
    # Imported here: numpy is for those who train.
    from training import gate

    judged_by = [model for model in MODELS if model in {*new, "popularity", ASKED}]
    earlier = train(warehouse, judged_by, cut.at, settings, choice=choice)
    fitted = {model: each.result for model, each in earlier.items() if isinstance(each.result, Fitted)}
    wanted = {item_id for events in people.values() for event in events for item_id in event.item_ids}
    models, relations = gate.parts_of(fitted, wanted)
    alive: dict[str, tuple[str, Sequence[Fields]]] = {
        name: (str(live.pointer[name]), [fields]) for name, fields in live.models.items() if name in {*RANKING, ASKED}
    }
    related = live.relations(sorted(wanted)) if RELATED in live.pointer else {}

    async def judged() -> Verdict:
        worlds = {"new": await gate.world_of({**alive, **models}, relations if RELATED in fitted else related)}
        if cut.is_fair_to_live:
            worlds["live"] = await gate.world_of(alive, related)
        return gate.judge(asked, await gate.ask(worlds, asked, people, settings), met, crowd)

    return asyncio.run(judged())


def cut_of(warehouse: Warehouse, cutoff: datetime, settings: Settings, pointer: Fields) -> Cut | None:
    """Where the log is divided for the trial, given what is live."""
    known_until = [_cutoff(str(pointer[model])) for model in RANKING if model in pointer]
    return find_cut(warehouse, cutoff, settings, max(known_until, default=None))


def _unjudged(asked: int, learned: Learned, live: Live) -> Verdict:
    """Without enough to be judged by, more to learn from is better; a log that has shrunk has lost something."""
    told = f"{FEWEST_STEPS} held-out steps are needed to judge, there are {asked}"
    if learned.events < live.events:
        return Verdict(
            False, f"{told}; the log has {learned.events:,} events, the live models learned from {live.events:,}"
        )
    return Verdict(True, f"{told}; taken, for the log has only grown")


def _cutoff(version: str) -> datetime:
    """Of a version's name. One that has none was made by hand: it may know everything."""
    try:
        return datetime.strptime(version.partition("-")[0], VERSION_TIME).replace(tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
