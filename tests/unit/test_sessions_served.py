"""Where it takes a whole visit to tell what comes next, session-kNN is heard and served; elsewhere it takes no room."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from msgspec import Struct

from infra.evaluation.fit import open_warehouse, state_facts
from shared.events.event import Event
from shared.models.blend import BlendModel
from shared.models.catalogue import Catalogue
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.registry import Registry
from shared.models.relations import live_slot, unpack_relations
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import encode_profile, new_profile
from shared.profiles.record import STATE
from shared.ranking.explain import Recommendation
from shared.ranking.recommend import Recommender
from shared.ranking.request import Wish
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.ports import Warehouse
from training.job import train
from training.publish import live_models, publish, read_pointer
from training.results import Fitted, Model, Trained
from training.sessions import MOST_BYTES

SETTINGS = Settings(challengers="", model_refresh_s=0.001)
START = datetime(2026, 1, 1, tzinfo=UTC)
CUTOFF = START + timedelta(days=40)
MODELS: tuple[Model, ...] = ("personas", "neighbours", "popularity", "blend")
ITEMS, THEMES = 60, 40


def visit(person: str, day: int, items: list[str]) -> list[Event]:
    at = START + timedelta(days=day)
    return [
        Event(
            event_id=f"{person}-{day}-{number}",
            kind="item_view",
            occurred_at=at + timedelta(minutes=number),
            user_id=person,
            item_ids=(item,),
            dwell_s=30,
        )
        for number, item in enumerate(items)
    ]


def themes() -> list[list[str]]:
    """What goes together: each item is part of several themes, and of none with all the rest of one of the others."""
    draw = Random(5)
    return [draw.sample([f"item{number:02}" for number in range(ITEMS)], 8) for _ in range(THEMES)]


def shop(whole: bool) -> list[Event]:
    """Everybody comes for one theme after the other and looks at most of it, in any order; or, where visits are not
    whole, goes from each item to the one that follows it."""
    draw = Random(3)
    return [
        event
        for person in range(60)
        for number, theme in enumerate(draw.sample(themes(), 12))
        for start in [draw.randrange(ITEMS)]
        for event in visit(
            f"u{person}",
            3 * number + person % 3,
            draw.sample(theme, 6) if whole else [f"item{(start + step) % ITEMS:02}" for step in range(6)],
        )
    ]


@pytest.fixture(scope="module", params=[True, False], ids=["whole", "by the last"])
def log(request: pytest.FixtureRequest) -> list[Event]:
    return shop(request.param)


@pytest.fixture(scope="module")
def warehouse(log: list[Event], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_warehouse(tmp_path_factory.mktemp("served") / "warehouse.duckdb", log) as found:
        yield found


@pytest.fixture(scope="module")
def trained(warehouse: Warehouse) -> dict[Model, Trained]:
    return train(warehouse, MODELS, CUTOFF, SETTINGS)


@pytest.fixture
async def documents(tmp_path: Path, log: list[Event]) -> AsyncIterator[EmbeddedDocuments]:
    found = EmbeddedDocuments(tmp_path / "documents.sqlite", timedelta(seconds=5))
    await state_facts(found, log)
    yield found
    await found.close()


async def answer(documents: EmbeddedDocuments, items: list[str], wish: Wish) -> list[Recommendation]:
    profile, terms = new_profile(SETTINGS.half_life), read_terms(SETTINGS)
    fold(profile, visit("ann", 39, items), terms)
    await documents.merge("profiles", {"u:ann": {STATE: encode_profile(profile)}})
    now = START + timedelta(days=39, minutes=5)
    kinds: dict[str, type[Struct]] = {"personas": PersonaModel, "popularity": PopularityModel, "blend": BlendModel}
    registry = Registry(documents, timedelta(hours=1), lambda: now, **kinds)
    catalogue = Catalogue(documents, 1_000, timedelta(hours=1), lambda: now)
    recommender = Recommender(documents, registry, catalogue, terms, SETTINGS, lambda: now)
    return (await recommender.answer("u:ann", wish)).items


async def sizes(documents: EmbeddedDocuments) -> list[int]:
    """Of the sessions in the live slot of the item documents, in bytes."""
    slot = live_slot(await read_pointer(documents))
    return [len(unpack_relations(found.fields, slot).sessions) async for _, found in documents.scan("items")]


async def test_sessions_are_published_and_served_where_they_earn_it(
    documents: EmbeddedDocuments, warehouse: Warehouse, trained: dict[Model, Trained], request: pytest.FixtureRequest
) -> None:
    whole = "whole" in request.node.callspec.id
    await publish(documents, trained)
    results = {name: each.result for name, each in trained.items() if isinstance(each.result, Fitted)}
    assert results["blend"].facts["hears_sessions"] is whole
    assert ("with_sessions" in results["neighbours"].facts) is whole
    assert max(await sizes(documents)) <= (MOST_BYTES if whole else 0)
    if not whole:
        return
    found = []
    for theme in themes():
        alone = await answer(documents, theme[:4], Wish(n=4, strategy="sessions", exclude_ids=tuple(theme[:4])))
        assert {item.source for item in alone} == {"sessions"}
        found += [item.item_id in theme[4:] for item in alone]
    assert sum(found) > len(found) / 3  # by chance 4 of the 56 others are
    blended = await answer(documents, themes()[0][:4], Wish(n=10))
    assert {item.reason for item in blended if item.source == "sessions"} == {"seen in visits like yours"}
    before = await sizes(documents)
    live = await live_models(documents, await read_pointer(documents))
    again = train(warehouse, ["neighbours"], CUTOFF, SETTINGS, live)
    assert again["neighbours"].result.version == results["neighbours"].version  # type: ignore[union-attr]
    assert sum(before) > 0
