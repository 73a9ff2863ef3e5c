"""One answer: reads what the stages need, passes it through them, and never fails because a store is away."""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import NamedTuple
from zlib import crc32

from shared.errors import RetryableError
from shared.events.event import person_key
from shared.models.blend import DEFAULT, BlendModel, Shares
from shared.models.catalogue import Catalogue
from shared.models.items import Item
from shared.models.newest import Newest
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.registry import Registry
from shared.models.relations import Slot
from shared.profiles import persona
from shared.profiles.fold import Terms
from shared.profiles.identity import owner
from shared.profiles.profile import to_ms
from shared.profiles.record import COLLECTION, PACKED, Record, unpack
from shared.ranking.candidates import Scores, anchors
from shared.ranking.exclude import barred, drop_withdrawn
from shared.ranking.explain import Recommendation, explain
from shared.ranking.explore import Exploration
from shared.ranking.propose import Proposed, candidates, propose
from shared.ranking.score import Scored, blend, context_of
from shared.settings import Settings
from shared.stores.ports import Documents

EMPTY = PopularityModel("", [], {})

ALONE: Shares = {"catalogue": 1.0}
"""Before anything has been trained."""

PER_ITEM = 4
"""A source proposes so many candidates for each item that is asked for."""


class Answer(NamedTuple):
    """What `recommend` found for a person; `degraded` when a store could not be reached in time."""

    persona: str
    items: list[Recommendation]
    model_versions: dict[str, str]
    degraded: bool


class Recommender:
    """Answers for one instance: the stores, the live models and the items that it remembers."""

    def __init__(
        self,
        documents: Documents,
        registry: Registry,
        catalogue: Catalogue,
        terms: Terms,
        settings: Settings,
        clock: Callable[[], datetime],
    ):
        self._documents = documents
        self._registry = registry
        self._catalogue = catalogue
        self._terms = terms
        self._settings = settings
        self._clock = clock
        self._newest = Newest(documents, timedelta(seconds=settings.model_refresh_s), clock)
        self._related: tuple[str | None, Slot] | None = None

    async def answer(self, person: str, n: int) -> Answer:
        """The persona and the n best items for the person; a stranger gets the same with an empty profile."""
        record, away = await self._record(person)
        profile = record.profile
        popularity = await self._registry.get("popularity", PopularityModel)
        newest = await self._newest.get() if popularity is None else ()
        self._notice(self._registry.versions.get("neighbours"), self._registry.slot)
        learned = await self._registry.get("blend", BlendModel) or DEFAULT
        model = await self._registry.get("personas", PersonaModel)
        weights = anchors(profile)
        items, items_away = await self._items(weights)
        now = self._clock()
        told = persona.current(record.standing, profile, model, now, self._terms)
        shares = learned.shares[context_of(profile, now, self._terms.session_gap_ms)]
        proposed = propose(profile, weights, items, popularity or EMPTY, learned.may_return, told, newest)
        unwanted = barred(profile, learned.may_return)
        exploration = Exploration(proposed.unmet, n, crc32(person.encode()) + now.toordinal())
        ranked = _rank(proposed, ALONE if newest else shares, learned.factors, unwanted, exploration)
        chosen, shown, shown_away = await self._choose(ranked, n)
        known = items | shown
        recommendations = [explain(scored, proposed.because[scored.source](scored.item_id), known) for scored in chosen]
        return Answer(told, recommendations, dict(self._registry.versions), away or items_away or shown_away)

    def _notice(self, version: str | None, slot: Slot) -> None:
        """New relations stand in the item documents: what is remembered of these is out of date."""
        if (version, slot) != self._related:
            self._catalogue.turn(slot)
            self._related = version, slot

    async def _record(self, person: str) -> tuple[Record, bool]:
        """What counts of the person at present; of a device that belongs to a user, what counts of that user."""
        try:
            record = await self._read(person)
            if record.standing.claims and (user_id := owner(record.standing, to_ms(self._clock()))):
                record = await self._read(person_key(user_id, None))
        except RetryableError:
            return unpack(None, self._settings), True
        return unpack(None, self._settings) if persona.rests(record.standing, record.profile) else record, False

    async def _read(self, person: str) -> Record:
        return unpack(await self._documents.get(COLLECTION, person, PACKED), self._settings)

    async def _items(self, item_ids: Iterable[str]) -> tuple[dict[str, Item], bool]:
        try:
            return await self._catalogue.get(item_ids), False
        except RetryableError:
            return self._catalogue.held(item_ids), True

    async def _choose(self, ranked: Iterator[Scored], n: int) -> tuple[list[Scored], dict[str, Item], bool]:
        """The n best that are not hidden. Their documents tell, so these are read until there are enough."""
        chosen: list[Scored] = []
        shown: dict[str, Item] = {}
        away = False
        while len(chosen) < n and (some := list(islice(ranked, n))):
            items, some_away = await self._items([scored.item_id for scored in some])
            chosen += drop_withdrawn(some, items, self._clock())
            shown |= items
            away |= some_away
        return sorted(chosen[:n], key=attrgetter("score"), reverse=True), shown, away


def _rank(
    proposed: Proposed,
    shares: Shares,
    factors: Scores,
    unwanted: AbstractSet[int],
    exploration: Exploration,
) -> Iterator[Scored]:
    """Best first: of each source's best, then, for whoever has not got enough by then, of all the rest."""
    passed: set[str] = set()
    heard = {source: scores for source, scores in proposed.scores.items() if scores and shares.get(source)}
    for most in (PER_ITEM * exploration.n, None):
        found = candidates(heard, proposed.ready, unwanted, most)
        for scored in blend(found, heard, shares, factors, exploration if most else None):
            if scored.item_id not in passed:
                passed.add(scored.item_id)
                yield scored
