"""One fold from its split to the predictions: train, publish, predict."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from infra.evaluation.challengers import learn_challengers
from infra.evaluation.figures import Crowd, Round
from infra.evaluation.fit import fit, open_warehouse, state_facts
from infra.evaluation.gru import learn_gru
from infra.evaluation.log import Timelines
from infra.evaluation.predict import predict
from infra.evaluation.rankers import Rankers
from infra.evaluation.sessions import learn_sessions
from infra.evaluation.split import Prediction, Split
from shared.events.event import person_of
from shared.events.kinds import ITEM_KINDS
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments

Trained = dict[str, dict[str, object]]
"""What retrain said of each model."""


class Judged(NamedTuple):
    """What was trained, and what the models then showed."""

    trained: Trained
    round: Round


async def judge(
    split: Split,
    asked: Sequence[Prediction],
    people: Timelines,
    folder: Path,
    settings: Settings,
    advance: Callable[[], None],
) -> Judged:
    """Train on the split's training events in this folder and make the predictions asked for.

    Args:
        asked: some or all of the split's predictions.
        advance: called at each prediction made.
    """
    cutoff = max(event.occurred_at for event in split.train)
    documents = EmbeddedDocuments(folder / "documents.sqlite", settings.store_deadline)
    try:
        with open_warehouse(folder / "warehouse.duckdb", split.train) as warehouse:
            await state_facts(documents, split.train)
            trained = await fit(warehouse, documents, cutoff, settings)
            challengers = learn_challengers(warehouse, cutoff, settings, trained["neighbours"])
            sessions = learn_sessions(warehouse, cutoff, settings)
        challengers |= learn_gru(split.train, settings.session_gap)
        rankers = Rankers(documents, split.catalogue, sessions, cutoff, settings, challengers)
        predicted = await predict(asked, people, rankers.all, split.catalogue, settings, advance)
    finally:
        await documents.close()
    return Judged(trained, Round(predicted, crowd_of(split)))


def crowd_of(split: Split) -> Crowd:
    """Who has met which item in the training events."""
    met = {
        (person_of(event), item_id) for event in split.train if event.kind in ITEM_KINDS for item_id in event.item_ids
    }
    return Crowd(len({person for person, _ in met}), Counter(item_id for _, item_id in met), len(split.catalogue))
