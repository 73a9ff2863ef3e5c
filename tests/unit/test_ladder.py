"""The ladder: from no model and no event on, every answer is of use, and comes from whom the ladder says."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from msgspec import Struct

from infra.evaluation.fit import open_warehouse, state_facts
from shared.events.event import Event
from shared.models.blend import BlendModel, Source
from shared.models.catalogue import Catalogue
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.registry import Registry
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
from training.publish import publish
from training.results import Model

SETTINGS = Settings(model_refresh_s=0.001)
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=40)
MODELS: tuple[Model, ...] = ("personas", "neighbours", "popularity", "blend")
TASTES, ITEMS = 4, 40

UNTRAINED: set[Source] = {"catalogue"}
STRANGER: set[Source] = {"trending", "popularity"}
KNOWN: set[Source] = STRANGER | {"neighbours", "next", "category", "content", "persona"}


def view(name: str, person: str, item: int, taste: int, at: datetime) -> Event:
    return Event(
        event_id=f"{person}-{name}",
        kind="item_view",
        occurred_at=at,
        user_id=person,
        item_ids=(f"t{taste}-{item:02}",),
        category=f"category {taste}",
        dwell_s=30,
    )


def shop() -> list[Event]:
    """Two hundred people, each of one taste; the lower an item's number, the more people know it."""
    draw = Random(5)
    return [
        view(str(act), f"u{person}", min(int(draw.expovariate(0.1)), ITEMS - 1), person % TASTES, at)
        for person in range(200)
        for act in range(8)
        for at in [START + timedelta(days=person % 30, minutes=3 * act)]
    ]


def acts(n: int) -> list[Event]:
    """What somebody of the second taste has just done."""
    return [view(str(act), "ann", act, 1, NOW - timedelta(minutes=2 * (n - act))) for act in range(n)]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_warehouse(tmp_path_factory.mktemp("ladder") / "warehouse.duckdb", shop()) as found:
        yield found


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[EmbeddedDocuments]:
    found = EmbeddedDocuments(tmp_path / "documents.sqlite", timedelta(seconds=5))
    await state_facts(found, shop())
    yield found
    await found.close()


async def answer(documents: EmbeddedDocuments, events: list[Event]) -> list[Recommendation]:
    profile, terms = new_profile(SETTINGS.half_life), read_terms(SETTINGS)
    fold(profile, events, terms)
    await documents.merge("profiles", {"u:ann": {STATE: encode_profile(profile)}})
    kinds: dict[str, type[Struct]] = {"personas": PersonaModel, "popularity": PopularityModel, "blend": BlendModel}
    registry = Registry(documents, timedelta(hours=1), lambda: NOW, **kinds)
    catalogue = Catalogue(documents, 1_000, timedelta(hours=1), lambda: NOW)
    return (
        await Recommender(documents, registry, catalogue, terms, SETTINGS, lambda: NOW).answer("u:ann", Wish())
    ).items


def of_taste(items: list[Recommendation]) -> int:
    return sum(item.category == "category 1" for item in items)


async def test_every_step_of_the_ladder_is_of_use(documents: EmbeddedDocuments, warehouse: Warehouse) -> None:
    untrained = {n: await answer(documents, acts(n)) for n in (0, 1, 3)}
    for n, items in untrained.items():
        assert len(items) == 10
        assert {item.source for item in items} == UNTRAINED
        assert {item.reason for item in items} == {"from our catalogue"}
        assert of_taste(items) == 10 or not n
        assert not {item.item_id for item in items} & {f"t1-{act:02}" for act in range(n)}

    await publish(documents, train(warehouse, MODELS, NOW, SETTINGS))
    stranger = await answer(documents, [])
    assert {item.source for item in stranger} <= STRANGER
    assert all(int(item.item_id[3:]) < 15 for item in stranger), "what many know"
    for n in (1, 3, 30):
        items = await answer(documents, acts(n))
        assert len(items) == 10
        assert {item.source for item in items} <= KNOWN
        assert {"neighbours", "next", "category"} & {item.source for item in items[:3]}
        assert of_taste(items) >= 9 or n == 30  # then hardly any of that taste are left
        assert of_taste(items) >= of_taste(stranger)


async def test_before_training_the_newest_come_first_and_the_hidden_never(documents: EmbeddedDocuments) -> None:
    came = datetime(2027, 1, 1, tzinfo=UTC)
    await documents.merge("items", {"new": {"item_id": "new", "published_at": came, "category": "category 3"}})
    await documents.merge("items", {"gone": {"item_id": "gone", "published_at": came, "hidden": True}})
    items = [item.item_id for item in await answer(documents, [])]
    assert items[0] == "new"
    assert "gone" not in items
    assert "new" not in [item.item_id for item in await answer(documents, acts(1))]


async def test_once_trained_the_catalogue_is_not_read(documents: EmbeddedDocuments, warehouse: Warehouse) -> None:
    await publish(documents, train(warehouse, MODELS, NOW, SETTINGS))
    documents.counts.clear()
    await answer(documents, acts(1))
    assert documents.counts["reads"] <= 1 + 1 + len(MODELS) + 1 + 2 * 10
