"""The gate of the ranking models: what would be recommended with the new ones, the live ones, and by popularity."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from msgspec import Struct

from shared.models.artifact import COLLECTION, POINTER, model_key
from shared.models.blend import BlendModel
from shared.models.catalogue import Catalogue
from shared.models.items import COLLECTION as ITEMS
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.registry import Registry
from shared.models.relations import SLOT, SLOTS, field
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import encode_profile, new_profile
from shared.profiles.record import COLLECTION as PROFILES
from shared.profiles.record import STATE
from shared.ranking.recommend import EMPTY, Recommender
from shared.ranking.request import Wish
from shared.settings import Settings
from shared.stores.ports import Fields
from training.bootstrap import Estimate, estimate, resample_means
from training.card import Figure, Verdict
from training.held_out import Step, Timelines
from training.metrics.coverage import coverage
from training.metrics.hit_rate import hit
from training.metrics.ndcg import ndcg
from training.metrics.novelty import novelty
from training.metrics.reciprocal_rank import reciprocal_rank
from training.results import Fitted, Model
from training.world import World

N = 10
WISH = Wish(n=N)
EVER = timedelta(days=10_000)
METRICS = {f"HR@{N}": hit, f"NDCG@{N}": ndcg, f"MRR@{N}": reciprocal_rank}
DECISIVE = f"NDCG@{N}"

KINDS: dict[str, type[Struct]] = {"personas": PersonaModel, "popularity": PopularityModel, "blend": BlendModel}

Lists = dict[str, list[list[str]]]
"""By model, the list for each step."""


async def world_of(models: Mapping[str, tuple[str, Sequence[Fields]]], relations: Mapping[str, bytes]) -> World:
    """A world in which these models are live: by name the version and its documents; and packed relations by item."""
    world = World()
    for name, (version, documents) in models.items():
        for fields in documents:
            await world.merge(COLLECTION, {model_key(name, version): fields})
    versions: dict[str, str] = {name: version for name, (version, _) in models.items()}
    await world.merge(COLLECTION, {POINTER: {**versions, SLOT: SLOTS[0]}})
    items: dict[str, Fields] = {
        item_id: {"item_id": item_id, field(SLOTS[0]): packed} for item_id, packed in relations.items()
    }
    await world.merge(ITEMS, items)
    return world


def parts_of(
    fitted: Mapping[Model, Fitted], wanted: set[str]
) -> tuple[dict[str, tuple[str, list[Fields]]], dict[str, bytes]]:
    """The documents of fitted models, and of their relations those of the wanted items."""
    models: dict[str, tuple[str, list[Fields]]] = {}
    relations: dict[str, bytes] = {}
    for name, result in fitted.items():
        models[name] = result.version, [fields for _, batch in result.documents() for fields in batch.values()]
        if result.relations is not None:
            relations |= {item_id: packed for item_id, packed in result.relations() if item_id in wanted}
    return models, relations


async def ask(worlds: Mapping[str, World], asked: Sequence[Step], people: Timelines, settings: Settings) -> Lists:
    """What each world's served code recommends before each step, the profile being that of all the person had done."""
    recommenders = {name: _Served(world, settings) for name, world in worlds.items()}
    popular = [item_id for item_id, _ in (await recommenders["new"].popularity()).items]
    lists: Lists = {name: [] for name in (*worlds, "popularity", "popularity, new to them")}
    terms = read_terms(settings)
    profile, person, folded, met = new_profile(settings.half_life), "", 0, set[str]()
    for step in asked:
        if step.person != person:
            profile, person, folded, met = new_profile(settings.half_life), step.person, 0, set()
        before = people[person][folded : step.before]
        fold(profile, before, terms)
        met.update(item_id for event in before for item_id in event.item_ids)
        folded = step.before
        state = encode_profile(profile)
        for name, served in recommenders.items():
            lists[name].append(await served.answer(person, state, step.at))
        lists["popularity"].append(popular[:N])
        lists["popularity, new to them"].append(
            [item_id for item_id in popular[: N + len(met)] if item_id not in met][:N]
        )
    return lists


def judge(asked: Sequence[Step], lists: Lists, known: Mapping[str, int], people: int) -> Verdict:
    """Better than popularity, the stronger of its two ways; and not significantly worse than the live models."""
    _, persons = np.unique([step.person for step in asked], return_inverse=True)
    targets = [step.target for step in asked]
    scores = {name: _scores(shown, targets) for name, shown in lists.items()}
    figures = [
        figure
        for name, shown in lists.items()
        for figure in _figures(name, shown, scores[name], persons, known, people)
    ]
    column = list(METRICS).index(DECISIVE)
    yardstick = max(
        (name for name in lists if name.startswith("popularity")), key=lambda name: scores[name][:, column].mean()
    )
    beside = {}
    for name in ("live", yardstick):
        if name in scores:
            beside[name] = _difference(scores["new"][:, column], scores[name][:, column], persons)
            told = beside[name]
            figures.append(Figure("new", f"{DECISIVE} more than {name}", told.value, told.low, told.high))
    if "live" in beside and beside["live"].high < 0:
        return Verdict(False, f"worse than what is live: {DECISIVE} {_told(beside['live'])}", figures)
    if beside[yardstick].value <= 0:
        return Verdict(False, f"no better than popularity: {DECISIVE} {_told(beside[yardstick])}", figures)
    live = f", than live by {_told(beside['live'])}" if "live" in beside else ""
    return Verdict(True, f"better than popularity by {DECISIVE} {_told(beside[yardstick])}{live}", figures)


class _Served:
    """The served code over a world, its clock set by hand."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._now = datetime(1970, 1, 1, tzinfo=UTC)
        clock: Callable[[], datetime] = lambda: self._now  # noqa: E731
        self._registry = Registry(world, EVER, clock, **KINDS)
        catalogue = Catalogue(world, 1_000_000, EVER, clock)
        self._recommender = Recommender(world, self._registry, catalogue, read_terms(settings), settings, clock)

    async def popularity(self) -> PopularityModel:
        return await self._registry.get("popularity", PopularityModel) or EMPTY

    async def answer(self, person: str, state: bytes, now: datetime) -> list[str]:
        self._now = now
        await self._world.merge(PROFILES, {person: {STATE: state}})
        return [item.item_id for item in (await self._recommender.answer(person, WISH)).items]


def _scores(shown: Sequence[Sequence[str]], targets: Sequence[str]) -> "np.typing.NDArray[np.float64]":
    return np.array(
        [[metric(one, target) for metric in METRICS.values()] for one, target in zip(shown, targets, strict=True)]
    )


def _figures(
    name: str,
    shown: Sequence[Sequence[str]],
    scores: "np.typing.NDArray[np.float64]",
    persons: "np.typing.NDArray[np.int64]",
    known: Mapping[str, int],
    people: int,
) -> list[Figure]:
    means = resample_means(scores, persons)
    found = [
        Figure(name, metric, told.value, told.low, told.high)
        for column, metric in enumerate(METRICS)
        if (told := estimate(float(scores[:, column].mean()), means[:, column]))
    ]
    return [
        *found,
        Figure(name, f"coverage@{N}", coverage(shown, len(known))),
        Figure(name, f"novelty@{N}", novelty(shown, known, people)),
    ]


def _difference(
    ours: "np.typing.NDArray[np.float64]",
    theirs: "np.typing.NDArray[np.float64]",
    persons: "np.typing.NDArray[np.int64]",
) -> Estimate:
    difference = ours - theirs
    return estimate(float(difference.mean()), resample_means(difference[:, None], persons)[:, 0])


def _told(found: Estimate) -> str:
    return f"{found.value:+.4f} ({found.low:+.4f} to {found.high:+.4f})"
