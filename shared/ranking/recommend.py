"""One answer: reads what the stages need, passes it through them, and never fails because a store is away.

candidates → score → rules → exclude → diversify → explore → fill → explain; what is logged is the function's.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from time import monotonic
from typing import Any, NamedTuple

from shared.deadline import Breaker, Deadline
from shared.errors import RetryableError
from shared.events.event import person_key
from shared.models.blend import DEFAULT, BlendModel, Shares
from shared.models.catalogue import Catalogue
from shared.models.items import Item
from shared.models.newest import Newest
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.propensity import PropensityModel
from shared.models.propensity_features import tell_propensities
from shared.models.registry import Registry
from shared.models.relations import Slot
from shared.profiles import persona
from shared.profiles.face import face
from shared.profiles.fold import Terms
from shared.profiles.identity import owner
from shared.profiles.memory import item_number
from shared.profiles.profile import Profile, to_ms
from shared.profiles.record import COLLECTION, PACKED, Record, unpack
from shared.ranking.candidates import Scores, anchors
from shared.ranking.diversify import diversify
from shared.ranking.exclude import unwanted, why_unwanted, why_withheld
from shared.ranking.explain import Recommendation, explain
from shared.ranking.explore import explore
from shared.ranking.propose import Proposed, candidates, propose
from shared.ranking.request import Wish
from shared.ranking.score import Blended, blend, context_of
from shared.ranking.scored import Scored
from shared.rules.audience import Audience
from shared.rules.rule import RuleSet
from shared.rules.ruling import Ruling, rule_on
from shared.settings import Settings
from shared.stores.ports import Documents

EMPTY = PopularityModel("", [], {})

ALONE: Shares = {"catalogue": 1.0}
"""Before anything has been trained."""

PER_ITEM = 4
"""A source proposes so many candidates for each item that is asked for."""

SPARE = 2
"""So many times the items asked for are looked at, so that what is withheld or too much alike can be left out."""

RULED = 200
"""Candidates that are looked at where rules change scores: one from far below may be lifted."""

UNMET = 10
"""Of the items that nobody has met, so many may be explored."""

UNMOVED = (1.0, "")

LEAST = 0.01
"""The score of what a rule brings where there is nothing else."""

PROPENSITIES = ("conversion", "churn")

LOGGED = 50
"""Candidates that the decision log keeps."""

COLD_S = 2.0
"""Until a store has answered for the first time, it has at least so long: it must be connected to first."""


class Answer(NamedTuple):
    """What `recommend` found for a person.

    Attributes:
        rules: the names of those that hold for them.
        candidates: the best (item, score), as they were before rules.
        features: what was looked at: the context, and the weights of the items that speak for the person.
        profile: as it was; that of a stranger where it counts for nothing.
        degraded: whether a store could not be reached in time.
    """

    persona: str
    propensities: dict[str, Any]
    items: list[Recommendation]
    rules: list[str]
    candidates: list[tuple[str, float]]
    features: dict[str, Any]
    model_versions: dict[str, str]
    degraded: bool
    profile: Profile
    now: datetime

    @property
    def item_ids(self) -> list[str]:
        return [item.item_id for item in self.items]


class View(NamedTuple):
    """Everything that an answer is made of, but for the documents of the candidates."""

    wish: Wish
    record: Record
    now: datetime
    persona: str
    context: str
    may_return: bool
    proposed: Proposed
    ranking: "Ranking"
    forbidden: AbstractSet[int]
    ruling: Ruling
    items: Mapping[str, Item]
    reads: "Reads"
    versions: dict[str, str]


class Ranking:
    """Candidates, best first: of each source's best, then, for whoever has not got enough by then, of all the rest;
    last what only rules bring in."""

    def __init__(
        self,
        proposed: Proposed,
        shares: Shares,
        factors: Scores,
        forbidden: AbstractSet[int],
        most: int,
        brought: Sequence[str],
    ) -> None:
        self._heard = {source: scores for source, scores in proposed.scores.items() if scores and shares.get(source)}
        self._proposed, self._shares, self._factors, self._forbidden = proposed, shares, factors, forbidden
        self._brought = brought
        self._only_ruled: AbstractSet[str] = frozenset()
        self._blended = self._blend(most)
        self._is_whole = False
        self.best = self._blended.ranked
        if brought:
            self.extend()

    def reach(self, number: int) -> int:
        """How many there are, all of them if that is less than the number."""
        if number > len(self.best):
            self.extend()
        return len(self.best)

    def extend(self) -> None:
        """Have all in the list."""
        if self._is_whole:
            return
        self._is_whole = True
        self._blended = self._blend(None)
        passed = {item_id for item_id, _ in self.best}
        self.best = [*self.best, *(pair for pair in self._blended.ranked if pair[0] not in passed)]
        passed.update(item_id for item_id, _ in self.best)
        self._only_ruled = frozenset(
            item_id
            for item_id in self._brought
            if item_id not in passed and item_number(item_id) not in self._forbidden
        )
        least = self.best[-1][1] if self.best else LEAST
        self.best += [(item_id, least) for item_id in sorted(self._only_ruled)]

    def scored(self, some: Sequence[tuple[str, float]]) -> list[Scored]:
        """Those of the best that go on."""
        if not self._only_ruled:
            return self._blended.scored(some)
        found = self._blended.scored(some)
        return [one._replace(source="rule") if one.item_id in self._only_ruled else one for one in found]

    def _blend(self, most: int | None) -> Blended:
        found = candidates(self._heard, self._proposed.ready, self._forbidden, most)
        return blend(found, self._heard, self._shares, self._factors)


class Reads:
    """The reads of one answer: within one deadline; whether any has failed."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.is_away = False


class Pool(NamedTuple):
    """Candidates that may be shown, best first, and those that may not, with the reason; all that is known of items."""

    allowed: list[Scored]
    withheld: dict[str, str]
    items: dict[str, Item]


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
        draw: Callable[[int], int] = random.randrange,
    ):
        self._documents = documents
        self._registry = registry
        self._catalogue = catalogue
        self._terms = terms
        self._settings = settings
        self._clock = clock
        self._draw = draw
        self._breaker = Breaker(monotonic)
        self._newest = Newest(documents, timedelta(seconds=settings.model_refresh_s), clock)
        self._related: tuple[str | None, Slot] | None = None

    async def answer(self, person: str, wish: Wish, rules: RuleSet | None = None) -> Answer:
        """The persona and the best items for the person; a stranger gets the same with an empty profile.

        `rules` are tried instead of the live ones.
        """
        view = await self._view(person, wish, rules)
        pool = await self._pool(view)
        shown = self._arrange(view, pool)
        because = view.proposed.because
        told = [explain(scored, because[scored.source](scored.item_id), pool.items) for scored in shown]
        return Answer(
            view.persona,
            self._propensities(view.record.profile, view.now),
            told,
            view.ruling.names,
            view.ranking.best[:LOGGED],
            {"context": view.context, "anchors": view.proposed.anchors},
            view.versions,
            view.reads.is_away,
            view.record.profile,
            view.now,
        )

    def deadline(self) -> Deadline:
        """For the reads of one answer."""
        seconds = self._settings.recommend_deadline_ms / 1_000
        return Deadline(seconds if self._breaker.has_answered else max(COLD_S, seconds), self._breaker)

    async def _view(self, person: str, wish: Wish, rules: RuleSet | None) -> View:
        reads = Reads(self.deadline())
        record = await self._record(person, reads)
        profile = record.profile
        popularity = await self._registry.get("popularity", PopularityModel)
        # All at once: while something else is waited for, newer models may come.
        versions = dict(self._registry.versions)
        learned = self._registry.last("blend", BlendModel) or DEFAULT
        model = self._registry.last("personas", PersonaModel)
        self._notice(versions.get("neighbours"), self._registry.slot)
        newest = await self._newest.get() if popularity is None else ()
        weights = anchors(profile, wish.item_ids)
        items = await self._items(list(weights), reads)
        now = self._clock()
        told = persona.current(record.standing, profile, model, now, self._terms)
        context = context_of(profile, now, self._terms.session_gap_ms, wish)
        ruling = self._rule(rules, told, wish, record, now)
        proposed = propose(
            profile, weights, items, popularity or EMPTY, learned.may_return, told, newest, wish.item_ids
        )
        forbidden = unwanted(profile, wish, learned.may_return, now)
        shares = _shares(wish, ALONE if newest else learned.shares[context])
        brought = self._brought(rules, ruling)
        ranking = Ranking(proposed, shares, learned.factors, forbidden, PER_ITEM * wish.number, brought)
        may_return = learned.may_return
        return View(
            wish, record, now, told, context, may_return, proposed, ranking, forbidden, ruling, items, reads, versions
        )

    def _rule(self, rules: RuleSet | None, told: str, wish: Wish, record: Record, now: datetime) -> Ruling:
        live = rules or self._registry.last("rules", RuleSet)
        if live is None:
            return Ruling((), now)
        profile = record.profile
        readable = cache(lambda: face(profile, told, self._terms.session_cap_ms))
        probabilities = cache(lambda: _probabilities(self._propensities(profile, now)))
        return rule_on(live, Audience(told, wish.context, now, readable, probabilities))

    def _propensities(self, profile: Profile, now: datetime) -> dict[str, Any]:
        live = {name: self._registry.last(name, PropensityModel) for name in PROPENSITIES}
        return tell_propensities(live, profile, now, self._terms.session_cap_ms) if any(live.values()) else {}

    def _brought(self, rules: RuleSet | None, ruling: Ruling) -> list[str]:
        live = rules or self._registry.last("rules", RuleSet)
        return [item_id for name in ruling.bringing for item_id in live.pools.get(name, ())] if live else []

    async def _pool(self, view: View) -> Pool:
        """The best that may be shown; documents tell, so these are read until there are enough."""
        pool = Pool([], {}, dict(view.items))
        wanted = view.wish.number * SPARE
        step = max(wanted, RULED) if view.ruling.moves else wanted
        seen = 0
        while len(pool.allowed) < wanted and seen < view.ranking.reach(seen + step):
            await self._add(view.ranking.scored(view.ranking.best[seen : seen + step]), pool, view)
            seen += step
        if unmet := view.proposed.unmet:
            below = (pair for pair in view.ranking.best[seen:] if pair[0] in unmet)
            await self._add(view.ranking.scored(list(islice(below, UNMET))), pool, view)
        if view.ruling.moves:
            pool.allowed.sort(key=lambda scored: (-scored.score, scored.item_id))
        return pool

    async def _add(self, some: Sequence[Scored], pool: Pool, view: View) -> None:
        """Put each where it belongs: among those that may be shown, with the score that rules make of it, or not."""
        items = await self._items([scored.item_id for scored in some], view.reads)
        pool.items.update(items)
        for scored in some:
            item = items.get(scored.item_id)
            if reason := why_withheld(item, view.wish.filter, view.now):
                pool.withheld[scored.item_id] = reason
                continue
            factor, rule = view.ruling.weigh(item or Item(scored.item_id)) if view.ruling else UNMOVED
            if not factor:
                pool.withheld[scored.item_id] = f"rule: {rule}"
            else:
                moved = scored._replace(score=round(scored.score * factor, 6), rule=rule) if rule else scored
                pool.allowed.append(moved)

    def _arrange(self, view: View, pool: Pool) -> list[Scored]:
        """What is shown, in its order."""
        n = view.wish.number
        varied = diversify(pool.allowed, pool.items, n, self._settings.diversity)
        explored = explore(varied, view.proposed.unmet, n, self._draw)
        return fill(explored, pool.items, view.ruling, n)

    async def why(self, person: str, wish: Wish, item_id: str) -> dict[str, Any]:
        """What becomes of one item on its way into the answer: stage by stage, until it falls out or is shown."""
        view = await self._view(person, wish, None)
        sources = {source: scores[item_id] for source, scores in view.proposed.scores.items() if item_id in scores}
        stages: list[dict[str, Any]] = [_stage("candidates", bool(sources), {"sources": sources})]
        reason = why_unwanted(view.record.profile, wish, view.may_return, view.now, item_id)
        stages.append(_stage("exclude", not reason, {"reason": reason}))
        view.ranking.extend()
        ranked = view.ranking.best
        place = next((place for place, (known, _) in enumerate(ranked, 1) if known == item_id), None)
        if place is not None:
            told = {"place": place, "of": len(ranked), "score": round(ranked[place - 1][1], 6)}
            stages.append(_stage("score", True, told))
        item = (await self._items([item_id], view.reads)).get(item_id)
        withheld = why_withheld(item, wish.filter, view.now)
        stages.append(_stage("catalogue", not withheld, {"reason": withheld, "known": item is not None}))
        factor, rule = view.ruling.weigh(item or Item(item_id))
        stages.append(_stage("rules", bool(factor), {"rule": rule, "factor": factor, "hold": view.ruling.names}))
        pool = await self._pool(view)
        near = [one.item_id for one in pool.allowed]
        stages.append(_stage("pool", item_id in near, {"place": _place(near, item_id), "of": len(near)}))
        varied = [one.item_id for one in diversify(pool.allowed, pool.items, wish.number, self._settings.diversity)]
        at = _place(varied, item_id)
        stages.append(_stage("diversify", at is not None, {"place": at, "strength": self._settings.diversity}))
        shown = [one.item_id for one in self._arrange(view, pool)]
        stages.append(_stage("fill", item_id in shown, {"place": _place(shown, item_id), "n": wish.number}))
        fell = next((stage["stage"] for stage in stages if not stage["passed"]), None)
        is_shown = item_id in shown
        return {
            "item_id": item_id,
            "shown": is_shown,
            "fell_out_at": None if is_shown else fell,
            "stages": stages,
            "degraded": view.reads.is_away,
        }

    def _notice(self, version: str | None, slot: Slot) -> None:
        """New relations stand in the item documents: what is remembered of these is out of date."""
        if (version, slot) != self._related:
            self._catalogue.turn(slot)
            self._related = version, slot

    async def _record(self, person: str, reads: Reads) -> Record:
        """What counts of the person at present; of a device that belongs to a user, what counts of that user."""
        try:
            record = await self._read(person, reads)
            if record.standing.claims and (user_id := owner(record.standing, to_ms(self._clock()))):
                record = await self._read(person_key(user_id, None), reads)
        except RetryableError:
            reads.is_away = True
            return unpack(None, self._settings)
        return unpack(None, self._settings) if persona.rests(record.standing, record.profile) else record

    async def _read(self, person: str, reads: Reads) -> Record:
        found = await reads.deadline.wait(lambda: self._documents.get(COLLECTION, person, PACKED))
        return unpack(found, self._settings)

    async def _items(self, item_ids: Sequence[str], reads: Reads) -> dict[str, Item]:
        remembered = self._catalogue.fresh(item_ids)
        if remembered is not None:
            return remembered
        try:
            return await reads.deadline.wait(lambda: self._catalogue.get(item_ids))
        except RetryableError:
            reads.is_away = True
            return self._catalogue.held(item_ids)


def fill(ranked: Sequence[Scored], items: Mapping[str, Item], ruling: Ruling, n: int) -> list[Scored]:
    """The first n, with what rules have pinned at its places and without what is beyond their caps."""
    if not ruling.places:
        return list(ranked[:n])
    by_id = {scored.item_id: scored for scored in ranked}
    placed = islice(ruling.place(list(by_id), items), n)
    return [by_id[one.item_id]._replace(rule=one.rule) if one.rule else by_id[one.item_id] for one in placed]


def _probabilities(propensities: Mapping[str, Any]) -> dict[str, float]:
    return {name: one["probability"] for name, one in propensities.items()}


def _shares(wish: Wish, learned: Shares) -> Shares:
    """Those of the blend, or all to the one source that is asked for."""
    return learned if wish.strategy == "blend" else {wish.strategy: 1.0}


def _stage(name: str, passed: bool, told: Mapping[str, Any]) -> dict[str, Any]:
    return {"stage": name, "passed": passed, **told}


def _place(ids: Sequence[str], item_id: str) -> int | None:
    return ids.index(item_id) + 1 if item_id in ids else None
