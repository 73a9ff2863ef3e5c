"""Going with each person through their events, and asking every model at every prediction."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import groupby, islice
from typing import Literal, NamedTuple

from infra.evaluation.log import Timelines
from infra.evaluation.rankers import Moment, N, Rank
from infra.evaluation.split import Prediction
from shared.events.event import Event
from shared.events.kinds import ITEM_KINDS
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import new_profile
from shared.settings import Settings

Protocol = Literal["all", "novel"]
"""all: every next item counts. novel: only those new to the person; met items are taken off every list."""

Lists = dict[str, list[str]]
"""What each model shows, best first."""


class Predicted(NamedTuple):
    """One prediction and the lists for it; those of `novel` only where the target is new to the person."""

    person: str
    target: str
    met: frozenset[str]
    lists: dict[Protocol, Lists]


async def predict(
    predictions: Iterable[Prediction],
    people: Timelines,
    models: dict[str, Rank],
    settings: Settings,
    advance: Callable[[], None],
) -> list[Predicted]:
    """The lists of all models for all predictions, which come by person and in order of time."""
    predicted: list[Predicted] = []
    for person, asked in groupby(predictions, key=lambda prediction: prediction.person):
        for target, moment in _moments(people[person], asked, settings):
            rankings = {name: await rank(moment) for name, rank in models.items()}
            met = frozenset(moment.met)
            predicted.append(Predicted(person, target, met, _lists(rankings, target, met)))
            advance()
    return predicted


def _moments(
    timeline: Sequence[Event], asked: Iterable[Prediction], settings: Settings
) -> Iterator[tuple[str, Moment]]:
    """Each target with the moment before it: the profile is that of all the person did until then, in any session."""
    profile, terms = new_profile(settings.half_life), read_terms(settings)
    met: dict[str, None] = {}
    folded = 0
    for person, before, target in asked:
        for event in timeline[folded:before]:
            fold(profile, [event], terms)
            for item_id in event.item_ids if event.kind in ITEM_KINDS else ():
                met.pop(item_id, None)
                met[item_id] = None
        folded = before
        yield target, Moment(person, before, timeline[before].occurred_at, profile, list(reversed(met)))


def _lists(rankings: Mapping[str, Iterable[str]], target: str, met: AbstractSet[str]) -> dict[Protocol, Lists]:
    # So many places are enough for both protocols: `met` can take no more off a list than it has.
    tops = {name: list(islice(ranking, N + len(met))) for name, ranking in rankings.items()}
    lists: dict[Protocol, Lists] = {"all": {name: top[:N] for name, top in tops.items()}}
    if target not in met:
        new = {name: [item_id for item_id in top if item_id not in met] for name, top in tops.items()}
        lists["novel"] = {name: top[:N] for name, top in new.items()}
    return lists
