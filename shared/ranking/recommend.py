"""One answer: reads what the stages need, passes it through them, and never fails because a store is away.

candidates → score → rules → exclude → freshen → diversify → fill → explore → explain; what is logged is the function's.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from time import monotonic
from typing import Any, NamedTuple

from msgspec.structs import replace

from shared.deadline import Breaker, Deadline
from shared.decision import Considered
from shared.experiments.arms import Arm, arm_of
from shared.models.blend import Shares
from shared.models.catalogue import Catalogue
from shared.models.fallback import NONE, Fallback
from shared.models.newest import Newest
from shared.models.popularity import PopularityModel
from shared.models.propensity_features import tell_propensities
from shared.models.registry import Registry
from shared.models.relations import Slot
from shared.profiles import persona
from shared.profiles.face import face, features
from shared.profiles.fold import Terms
from shared.profiles.profile import Profile
from shared.ranking.arrange import Tuning, arrange
from shared.ranking.candidates import anchors
from shared.ranking.exclude import bought, unwanted
from shared.ranking.explain import Recommendation, explain
from shared.ranking.explore import explore
from shared.ranking.live import Live, read_live
from shared.ranking.pool import gather
from shared.ranking.propose import PER_ITEM, propose
from shared.ranking.ranking import Ranking
from shared.ranking.reads import Reads
from shared.ranking.request import Wish
from shared.ranking.score import context_of
from shared.ranking.view import View
from shared.ranking.walk import walk
from shared.rules.audience import Audience
from shared.rules.rule import RuleSet
from shared.rules.ruling import Ruling, rule_on
from shared.settings import Settings
from shared.stores.ports import Documents

EMPTY = PopularityModel("", [], {})

ALONE: Shares = {"catalogue": 1.0}
"""Before anything has been trained."""

LEAST_SHARE = 0.01
"""Of a source that is heard only because the request asks for what it knows."""

LOGGED = 20
"""Candidates that the decision log keeps."""

COLD_S = 2.0
"""Until a store has answered for the first time, it has at least so long: it must be connected to first."""


class Answer(NamedTuple):
    """What `recommend` found for a person.

    Attributes:
        rules: the names of those that hold for them.
        ranking: all candidates.
        features: what was looked at, for the log: the context, the weights of the items that speak for them, and the
            numbers that personas are told by.
        degraded: whether a store could not be reached in time.
    """

    persona: str
    arm: Arm
    propensities: Mapping[str, Any]
    items: list[Recommendation]
    rules: list[str]
    ranking: Ranking
    features: dict[str, Any]
    model_versions: dict[str, str]
    degraded: bool

    @property
    def item_ids(self) -> list[str]:
        return [item.item_id for item in self.items]

    def candidates(self) -> Iterator[Considered]:
        """The best, as they were before rules, each with its source: for the log, so made when that is written."""
        best = self.ranking.best[:LOGGED]
        sources = self.ranking.sources([item_id for item_id, _ in best])
        for item_id, score in best:
            yield Considered(item_id, round(score, 6), sources[item_id])


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
        draw: Callable[[], float] = random.random,
        fallback: Fallback = NONE,
    ):
        self._documents = documents
        self._registry = registry
        self._catalogue = catalogue
        self._terms = terms
        self._settings = settings
        self._clock = clock
        self._tuning = Tuning(settings.freshness, settings.diversity, settings.exploration, draw)
        self._breaker = Breaker(monotonic)
        self._newest = Newest(documents, timedelta(seconds=settings.model_refresh_s), clock)
        self._fallback = fallback.popularity
        catalogue.expect(fallback.items)
        self._looked = 0
        self._live = read_live(registry)

    async def answer(self, person: str, wish: Wish, rules: RuleSet | None = None, *, by_chance: bool = True) -> Answer:
        """The persona and the best items for the person; a stranger gets the same with an empty profile.

        `rules` are tried instead of the live ones; without chance, no items are.
        """
        view = await self._view(person, wish, rules)
        pool = await gather(view, tries=self._tuning.exploration > 0.0)
        arranged = arrange(view, pool, self._tuning)
        shown = explore(*arranged, self._tuning.draw) if by_chance else arranged.listed
        sources, because = view.ranking.sources([scored.item_id for scored in shown]), view.proposed.because
        told = [
            explain(scored, source, because[source](scored.item_id), pool.items)
            for scored, source in zip(shown, sources.values(), strict=True)
        ]
        return Answer(
            view.persona,
            view.arm,
            view.propensities,
            told,
            view.ruling.names,
            view.ranking,
            {"context": view.context, "anchors": view.proposed.anchors, "profile": view.numbers},
            view.live.versions,
            view.reads.is_away,
        )

    async def why(self, person: str, wish: Wish, item_id: str) -> dict[str, Any]:
        """What becomes of one item on its way into the answer: stage by stage, until it falls out or is shown."""
        view = await self._view(person, wish, None)
        return await walk(view, item_id, self._tuning, self._settings.shown_limit)

    def deadline(self) -> Deadline:
        """For the reads of one answer."""
        seconds = self._settings.recommend_deadline_ms / 1_000
        return Deadline(seconds if self._breaker.has_answered else max(COLD_S, seconds), self._breaker)

    async def _view(self, person: str, wish: Wish, rules: RuleSet | None) -> View:
        reads = Reads(self._documents, self._catalogue, self._settings, self._clock, self.deadline())
        person, record = await reads.record(person)
        arm = arm_of(person, self._settings.holdout)
        if arm == "holdout" and wish.strategy == "blend":
            wish = replace(wish, strategy="popularity")
        await reads.look(self._registry)
        live, profile = self._take(), record.profile
        newest = await reads.newest(self._newest) if live.popularity is None else ()
        weights = anchors(profile, wish.item_ids)
        items = await reads.items(list(weights))
        now, gap_ms = self._clock(), self._terms.session_gap_ms
        numbers = features(profile, now, self._terms.session_cap_ms)
        told = persona.current(record.standing, live.personas, numbers)
        propensities = self._propensities(live, profile, now)
        context = context_of(profile, now, gap_ms, wish)
        active = rules or live.rules
        ruling = self._rule(active, profile, told, propensities, wish, now)
        brought = [item_id for name in ruling.bringing for item_id in active.pools.get(name, ())] if active else []
        may_return = live.blend.may_return
        shares = _shares(wish, ALONE if newest else live.blend.shares[context])
        popularity = live.popularity or (EMPTY if newest else self._fallback)
        proposed = propose(profile, weights, items, popularity, may_return, gap_ms, told, newest, wish)
        forbidden = unwanted(profile, wish, may_return, now, self._settings.shown_limit)
        ranking = Ranking(proposed, shares, live.blend.factors, forbidden, PER_ITEM * wish.number, brought)
        found = wish, arm, profile, now, live, numbers, told, propensities, context, ruling, items, proposed, ranking
        return View(*found, forbidden, bought(profile), reads)

    def _take(self) -> Live:
        """The live models. New relations stand in the item documents: what is remembered of these is out of date."""
        if self._looked != self._registry.looks:
            before, self._live, self._looked = self._live, read_live(self._registry), self._registry.looks
            if _related(before) != _related(self._live):
                self._catalogue.turn(self._live.slot)
        return self._live

    def _propensities(self, live: Live, profile: Profile, now: datetime) -> Mapping[str, Any]:
        if not live.propensities:
            return {}
        return tell_propensities(live.propensities, profile, now, self._terms.session_cap_ms)

    def _rule(
        self,
        rules: RuleSet | None,
        profile: Profile,
        told: str,
        propensities: Mapping[str, Any],
        wish: Wish,
        now: datetime,
    ) -> Ruling:
        if rules is None:
            return Ruling((), now)
        readable = cache(lambda: face(profile, told, self._terms.session_cap_ms))
        probabilities = {name: one["probability"] for name, one in propensities.items()}
        return rule_on(rules, Audience(told, wish.context, now, readable, probabilities))


def _related(live: Live) -> tuple[str | None, Slot]:
    return live.versions.get("neighbours"), live.slot


def _shares(wish: Wish, learned: Shares) -> Shares:
    """Those of the blend, or all to the one source that is asked for. Where a category is, what is popular there has
    something to say in any case: nothing else may know an item of it."""
    shares = learned if wish.strategy == "blend" else {wish.strategy: 1.0}
    if wish.filter.category and wish.strategy in ("blend", "popularity") and not shares.get("category"):
        return {**shares, "category": LEAST_SHARE}
    return shares
