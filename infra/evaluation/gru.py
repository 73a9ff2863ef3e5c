"""The recurrent network as a model to compare with, where PyTorch is installed; decision record 0040."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from importlib.util import find_spec
from itertools import groupby

from infra.evaluation.challengers import Order
from infra.evaluation.fit import find_training
from infra.evaluation.log import timelines
from infra.evaluation.steps import sessions_of, steps_of
from shared.events.event import Event
from shared.models.gru import GruModel, next_items
from shared.profiles.profile import MS, Profile
from shared.ranking.candidates import visited


def learn_gru(events: Iterable[Event], gap: timedelta) -> dict[str, Order]:
    """The network by its name, asked as the hot path would; none without PyTorch or with too few visits."""
    if find_spec("torch") is None:
        return {}
    find_training()
    from training.gru import fit

    model = fit(read_walks(events, gap))
    return {"GRU": partial(_order, model, gap // MS)} if model else {}


def read_walks(events: Iterable[Event], gap: timedelta) -> list[list[str]]:
    """The items of each visit in the order in which they were met, visits by their start."""
    people = timelines(events)
    found = [session for person, timeline in people.items() for session in sessions_of(person, timeline, gap)]
    found.sort(key=lambda session: session.start)
    return [[step.item_id for step in steps_of(people[each.person], each.places)] for each in found]


def _order(model: GruModel, gap_ms: int, profile: Profile) -> Iterator[str]:
    visit = [item_id for item_id, _ in groupby(reversed(visited(profile, gap_ms)))]
    scores = next_items(model, visit)
    return iter(sorted(scores, key=lambda item_id: (-scores[item_id], item_id)))
