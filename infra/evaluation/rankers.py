"""The models compared. Each ranks the whole catalogue for one moment of one person; nothing is sampled."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from functools import partial
from random import Random
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct

from infra.evaluation.challengers import Order
from shared.models.blend import DEFAULT, BlendModel, Source
from shared.models.catalogue import Catalogue
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.registry import Registry
from shared.models.session_knn import Sessions, from_sessions
from shared.profiles.fold import read_terms
from shared.profiles.memory import item_number
from shared.profiles.profile import Profile, encode_profile
from shared.profiles.record import COLLECTION, STATE
from shared.ranking.candidates import Scores, anchors, visited
from shared.ranking.exclude import barred
from shared.ranking.propose import propose
from shared.ranking.recommend import EMPTY, Recommender
from shared.ranking.request import Wish
from shared.settings import Settings
from shared.stores.ports import Documents

N = 10
SHOWN: tuple[Source, ...] = ("neighbours", "next", "category", "trending", "popularity", "content")

MOST = 100
"""recommend is never asked for more."""

SEED = 42
EVER = timedelta(days=1)

KINDS: dict[str, type[Struct]] = {"personas": PersonaModel, "popularity": PopularityModel, "blend": BlendModel}


class Moment(NamedTuple):
    """A person about to meet their next item: all they did before, and the items among it, the latest first.

    Attributes:
        depth: so many places of a ranking are looked at besides those that what was met may take.
    """

    person: str
    number: int
    at: datetime
    profile: Profile
    met: Sequence[str]
    depth: int = N


Rank = Callable[[Moment], Awaitable[Iterable[str]]]


class Rankers:
    """The models over one store of published data. Time stands still: what was read once stays."""

    def __init__(
        self,
        documents: Documents,
        catalogue: Sequence[str],
        sessions: Mapping[str, Sessions],
        now: datetime,
        settings: Settings,
        challengers: Mapping[str, Order] = MappingProxyType({}),
    ) -> None:
        self._documents = documents
        self._catalogue = catalogue
        self._sessions = sessions
        self._challengers = challengers
        self._registry = Registry(documents, EVER, lambda: now, **KINDS)
        self._items = Catalogue(documents, len(catalogue), EVER, lambda: now)
        terms = read_terms(settings)
        self._gap_ms = terms.session_gap_ms
        self._now = now
        self._recommender = Recommender(documents, self._registry, self._items, terms, settings, lambda: self._now)

    @property
    def all(self) -> dict[str, Rank]:
        """By name, in the order in which they are shown."""
        return {
            "attune": self.attune,
            **{source: partial(self.source, source) for source in SHOWN},
            **{name: partial(self.challenger, order) for name, order in self._challengers.items()},
            "session-kNN": self.session_knn,
            "repeat last": self.repeat_last,
            "random": self.random,
        }

    async def attune(self, moment: Moment) -> Iterable[str]:
        """What `recommend` answers to a person with this profile, and where more is looked at, what comes after it."""
        self._now = moment.at
        await self._documents.merge(COLLECTION, {moment.person: {STATE: encode_profile(moment.profile)}})
        shown = await self._answer(moment.person, N)
        if moment.depth == N and set(moment.met).isdisjoint(shown):
            return shown
        longer = await self._answer(moment.person, max(moment.depth, min(MOST, N + len(moment.met))))
        return [*shown, *(item_id for item_id in longer if item_id not in shown)]

    async def source(self, source: Source, moment: Moment) -> Iterable[str]:
        """What one source of candidates says, all by itself."""
        popularity = await self._registry.get("popularity", PopularityModel) or EMPTY
        weights = anchors(moment.profile)
        proposed = propose(moment.profile, weights, await self._items.get(weights), popularity, True, self._gap_ms)
        return await self._allowed(proposed.scores[source], moment)

    async def challenger(self, order: Order, moment: Moment) -> Iterable[str]:
        """What a learner of the whole log says, to whom the person is somebody new."""
        unwanted = await self._unwanted(moment)
        return (item_id for item_id in order(moment.profile) if item_number(item_id) not in unwanted)

    async def session_knn(self, moment: Moment) -> Iterable[str]:
        """What was met in earlier sessions that resemble the person's."""
        visit = list(dict.fromkeys(visited(moment.profile, self._gap_ms)))
        return await self._allowed(from_sessions(visit, self._sessions), moment)

    async def repeat_last(self, moment: Moment) -> Iterable[str]:
        """What the person has met, the latest first."""
        return moment.met

    async def random(self, moment: Moment) -> Iterable[str]:
        """Any items, by a seed of the moment's own."""
        chance = Random(f"{SEED} {moment.person} {moment.number}")
        return chance.sample(self._catalogue, min(moment.depth + len(moment.met), len(self._catalogue)))

    async def _allowed(self, scores: Scores, moment: Moment) -> Iterable[str]:
        """Best first, without what recommend does not show either."""
        unwanted = await self._unwanted(moment)
        return _ranked(pair for pair in scores.items() if item_number(pair[0]) not in unwanted)

    async def _unwanted(self, moment: Moment) -> AbstractSet[int]:
        may_return = (await self._registry.get("blend", BlendModel) or DEFAULT).may_return
        return barred(moment.profile, may_return)

    async def _answer(self, person: str, n: int) -> list[str]:
        return [item.item_id for item in (await self._recommender.answer(person, Wish(n=n))).items]


def _ranked(candidates: Iterable[tuple[str, float]]) -> Iterator[str]:
    return (item_id for item_id, _ in sorted(candidates, key=lambda pair: (-pair[1], pair[0])))
