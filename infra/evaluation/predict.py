"""Going with each person through their events, and asking every model at every prediction."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Literal, NamedTuple

from infra.evaluation import sampled
from infra.evaluation.log import Timelines
from infra.evaluation.rankers import Moment, N, Rank
from infra.evaluation.split import Prediction
from shared.events.event import Event
from shared.events.kinds import ITEM_KINDS
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import new_profile
from shared.settings import Settings

Protocol = Literal["all", "novel", "sampled"]
"""all: every next item counts. novel: only those new to the person; met items are taken off every list. sampled: some
of those of `novel` again, each among a few items drawn by chance."""

Lists = dict[str, list[str]]
"""What each model shows, best first."""


class Predicted(NamedTuple):
    """One prediction and the lists for it; `novel` and `sampled` only where the target is new to the person."""

    person: str
    target: str
    met: frozenset[str]
    lists: dict[Protocol, Lists]


async def predict(
    predictions: Sequence[Prediction],
    people: Timelines,
    models: dict[str, Rank],
    catalogue: Sequence[str],
    settings: Settings,
    advance: Callable[[], None],
) -> list[Predicted]:
    """The lists of all models for all predictions, which come by person and in order of time."""
    predicted: list[Predicted] = []
    stride = 1 + (len(predictions) - 1) // sampled.MOST
    for person, asked in groupby(predictions, key=lambda prediction: prediction.person):
        for target, moment in _moments(people[person], asked, settings):
            met = frozenset(moment.met)
            is_drawn = target not in met and len(predicted) % stride == 0
            if is_drawn:
                moment = moment._replace(depth=max(sampled.DEPTH, len(catalogue) // sampled.PART))
            # `met` can take no more off a list than it has.
            places = moment.depth + len(met)
            rankings = {name: list(islice(await rank(moment), places)) for name, rank in models.items()}
            lists = _lists(rankings, target, met)
            if is_drawn:
                drawn = sampled.draw(catalogue, target, met, f"{person} {moment.number}")
                lists["sampled"] = {name: sampled.top(ranking, drawn, N) for name, ranking in rankings.items()}
            predicted.append(Predicted(person, target, met, lists))
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


def _lists(rankings: Mapping[str, Sequence[str]], target: str, met: frozenset[str]) -> dict[Protocol, Lists]:
    lists: dict[Protocol, Lists] = {"all": {name: list(ranking[:N]) for name, ranking in rankings.items()}}
    if target not in met:
        new = {name: (item_id for item_id in ranking if item_id not in met) for name, ranking in rankings.items()}
        lists["novel"] = {name: list(islice(one, N)) for name, one in new.items()}
    return lists
