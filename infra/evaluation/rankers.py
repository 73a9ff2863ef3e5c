"""The models compared. Each ranks the whole catalogue for one moment of one person; nothing is sampled."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from shared.models.catalogue import Catalogue
from shared.models.popularity import PopularityModel
from shared.models.registry import Registry
from shared.profiles.fold import read_terms
from shared.profiles.profile import Profile, encode_profile
from shared.profiles.record import COLLECTION, STATE
from shared.ranking.candidates import anchors, from_categories, from_neighbours, liked_categories
from shared.ranking.recommend import EMPTY, Recommender
from shared.settings import Settings
from shared.stores.ports import Documents

N = 10
MOST = 100
"""recommend is never asked for more."""

SEED = 42
EVER = timedelta(days=1)


class Moment(NamedTuple):
    """A person about to meet their next item: all they did before, and the items among it, the latest first."""

    person: str
    number: int
    profile: Profile
    met: Sequence[str]


Rank = Callable[[Moment], Awaitable[Iterable[str]]]


class Rankers:
    """The models over one store of published data. Time stands still: what was read once stays."""

    def __init__(self, documents: Documents, catalogue: Sequence[str], now: datetime, settings: Settings) -> None:
        self._documents = documents
        self._catalogue = catalogue
        self._registry = Registry(documents, EVER, lambda: now, popularity=PopularityModel)
        self._items = Catalogue(documents, len(catalogue), EVER, lambda: now)
        terms = read_terms(settings)
        self._recommender = Recommender(documents, self._registry, self._items, terms, settings, lambda: now)

    @property
    def all(self) -> dict[str, Rank]:
        """By name, in the order in which they are shown."""
        return {
            "attune": self.attune,
            "neighbours": self.neighbours,
            "category": self.category,
            "popularity": self.popularity,
            "repeat last": self.repeat_last,
            "random": self.random,
        }

    async def attune(self, moment: Moment) -> Iterable[str]:
        """What `recommend` answers to a person with this profile, and where that has met items, what comes after it."""
        await self._documents.merge(COLLECTION, {moment.person: {STATE: encode_profile(moment.profile)}})
        shown = await self._answer(moment.person, N)
        if set(moment.met).isdisjoint(shown):
            return shown
        longer = await self._answer(moment.person, min(MOST, N + len(moment.met)))
        return [*shown, *(item_id for item_id in longer if item_id not in shown)]

    async def neighbours(self, moment: Moment) -> Iterable[str]:
        """Neighbours of the person's anchors."""
        weights = anchors(moment.profile)
        return _ranked(from_neighbours(weights, await self._items.get(weights)).items())

    async def category(self, moment: Moment) -> Iterable[str]:
        """What is popular in the categories the person likes."""
        return _ranked(from_categories(liked_categories(moment.profile), await self._popularity()).items())

    async def popularity(self, moment: Moment) -> Iterable[str]:  # noqa: ARG002
        """What is popular with everyone, decayed."""
        return _ranked((await self._popularity()).items)

    async def repeat_last(self, moment: Moment) -> Iterable[str]:
        """What the person has met, the latest first."""
        return moment.met

    async def random(self, moment: Moment) -> Iterable[str]:
        """Any items, by a seed of the moment's own."""
        chance = Random(f"{SEED} {moment.person} {moment.number}")
        return chance.sample(self._catalogue, min(N + len(moment.met), len(self._catalogue)))

    async def _answer(self, person: str, n: int) -> list[str]:
        return [item.item_id for item in (await self._recommender.answer(person, n)).items]

    async def _popularity(self) -> PopularityModel:
        return await self._registry.get("popularity", PopularityModel) or EMPTY


def _ranked(candidates: Iterable[tuple[str, float]]) -> Iterator[str]:
    return (item_id for item_id, _ in sorted(candidates, key=lambda pair: (-pair[1], pair[0])))
