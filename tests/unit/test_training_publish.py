"""Publishing: everything first, the pointer last; what others wrote stays."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.errors import RetryableError
from shared.models.artifact import unpack_model
from shared.models.items import unpack_item
from shared.models.popularity import PopularityModel
from shared.models.relations import Relations, live_slot, pack
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.ports import Documents, Fields
from training import changes
from training.publish import move_pointer, publish, read_pointer
from training.results import Fitted, Model, Refused, Trained, fitted

CUTOFF = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)


class Watched(EmbeddedDocuments):
    """The real documents; remembers what was merged, and is away for the merge of the given number."""

    merged: list[str]
    away_at = -1
    names_keys = True

    async def merge(self, collection: str, documents: Mapping[str, Fields]) -> None:
        if len(self.merged) == self.away_at:
            raise RetryableError("away")
        await super().merge(collection, documents)
        self.merged += [f"{collection}/{','.join(documents)}" if self.names_keys else collection]


@pytest.fixture
def documents(tmp_path: Path) -> Watched:
    store = Watched(tmp_path / "documents.sqlite", Settings().store_deadline)
    store.merged = []
    return store


def training(score: float = 1.0) -> dict[Model, Trained]:
    """One model of each sort: refused, in one document, in the documents of items."""
    relations = {name: pack(Relations([("c", 0.5)])) for name in ("a", "b")}
    model = PopularityModel("", [("a", score)], {})
    return {
        "personas": Trained(Refused("too few people"), 0.1),
        "neighbours": related("n1", relations),
        "popularity": Trained(fitted("popularity", model, CUTOFF, {}), 0.1),
    }


def related(version: str, relations: Mapping[str, bytes]) -> Trained:
    return Trained(Fitted(version, lambda: iter(()), {}, lambda: iter(relations.items())), 0.1)


def version(trained: Mapping[Model, Trained], model: Model) -> str:
    result = trained[model].result
    assert isinstance(result, Fitted)
    return result.version


async def test_the_pointer_moves_last(documents: Watched) -> None:
    trained = training()
    await publish(documents, trained)
    popular = version(trained, "popularity")
    assert documents.merged == [
        "model_slots/b",
        "items/a,b",
        "model_slots/b/0",
        "model_slots/b",
        f"models/popularity@{popular}",
    ]
    assert await read_pointer(documents) == {"neighbours": "n1", "popularity": popular, "slot": "b"}


async def test_a_version_names_the_cutoff_and_the_content() -> None:
    one, same, other = (version(training(score), "popularity") for score in (1.0, 1.0, 0.5))
    assert one.startswith("20261122T063000Z-")
    assert one == same != other


async def test_the_published_model_carries_its_version(documents: Watched) -> None:
    trained = training()
    await publish(documents, trained)
    popular = version(trained, "popularity")
    stored = await documents.get("models", f"popularity@{popular}")
    assert stored
    assert unpack_model(stored.fields, PopularityModel) == PopularityModel(popular, [("a", 1.0)], {})


@pytest.mark.parametrize("away_at", range(5))
async def test_a_failure_leaves_the_live_models(documents: Watched, away_at: int) -> None:
    await documents.merge("models", {"current": {"popularity": "old", "personas": "p0"}})
    documents.merged, documents.away_at = [], away_at
    with pytest.raises(RetryableError):
        await publish(documents, training())
    pointer = await documents.get("models", "current")
    assert pointer
    assert pointer.fields == {"popularity": "old", "personas": "p0"}
    documents.away_at = -1
    await publish(documents, training())
    pointer = await documents.get("models", "current")
    assert pointer
    assert pointer.fields["personas"] == "p0"
    assert pointer.fields["neighbours"] == "n1"


async def test_what_others_wrote_of_an_item_stays(documents: Watched) -> None:
    await documents.merge("items", {"a": {"hidden": True, "name": "Anvil", "category": "tools"}})
    await publish(documents, training())
    stored = await documents.get("items", "a")
    assert stored
    item = unpack_item("a", stored.fields, "b")
    assert (item.hidden, item.name, item.category, item.neighbours) == (True, "Anvil", "tools", {"c": 0.5})


async def test_when_all_is_refused_nothing_is_written(documents: Watched) -> None:
    await publish(documents, {"personas": Trained(Refused("too few people"), 0.1)})
    assert documents.merged == []


async def test_relations_are_written_as_they_are_made(documents: Watched) -> None:
    def made() -> Iterator[tuple[str, bytes]]:
        for number in range(2 * changes.BATCH + 1):
            assert documents.merged.count("items") == number // changes.BATCH
            yield f"i{number}", b"\x80"

    documents.names_keys = False
    await publish(documents, {"neighbours": Trained(Fitted("n1", lambda: iter(()), {}, made), 0.1)})
    assert documents.merged.count("items") == 3


async def relations(documents: Documents) -> dict[str, dict[str, float]]:
    """The live relations, as readers see them."""
    slot = live_slot(await read_pointer(documents))
    return {
        key: dict(item.neighbours)
        async for key, document in documents.scan("items")
        if (item := unpack_item(key, document.fields, slot)).neighbours
    }


def packed(**neighbours: float) -> dict[str, bytes]:
    """Items, each with one neighbour that is so similar."""
    return {name: pack(Relations([("z", score)])) for name, score in neighbours.items()}


async def test_only_what_differs_from_the_idle_slot_is_written(documents: Watched) -> None:
    for version, of in (("n1", packed(a=0.1, b=0.1)), ("n2", packed(a=0.2, b=0.2))):
        await publish(documents, {"neighbours": related(version, of)})
    documents.merged = []
    reads = documents.counts["reads"]
    await publish(documents, {"neighbours": related("n3", packed(a=0.1, b=0.3, c=0.3))})
    assert [name for name in documents.merged if name.startswith("items")] == ["items/b,c"]
    assert documents.counts["reads"] - reads < 6, "what has changed is known without reading items"
    assert await relations(documents) == {"a": {"z": 0.1}, "b": {"z": 0.3}, "c": {"z": 0.3}}
    await publish(documents, {"neighbours": related("n4", packed(a=0.2))})
    assert await relations(documents) == {"a": {"z": 0.2}}, "an item that lost its relations has none"


async def test_a_slot_left_half_written_is_not_trusted(documents: Watched) -> None:
    await publish(documents, {"neighbours": related("n1", packed(a=0.1, b=0.1))})
    await publish(documents, {"neighbours": related("n2", packed(a=0.2, b=0.2))})
    documents.away_at = len(documents.merged) + 2
    with pytest.raises(RetryableError):  # the items are written, their digests are not
        await publish(documents, {"neighbours": related("n3", packed(a=0.3, b=0.1, c=0.3))})
    assert await relations(documents) == {"a": {"z": 0.2}, "b": {"z": 0.2}}
    documents.away_at = -1
    await publish(documents, {"neighbours": related("n4", packed(a=0.1, b=0.1))})
    assert await relations(documents) == {"a": {"z": 0.1}, "b": {"z": 0.1}}


async def test_the_pointer_moves_only_if_nobody_else_moved_the_slot(documents: Watched) -> None:
    await move_pointer(documents, {"neighbours": "n1", "slot": "b"}, "a")
    with pytest.raises(RetryableError, match="another version"):
        await move_pointer(documents, {"neighbours": "n2", "slot": "b"}, "a")
    assert (await read_pointer(documents))["neighbours"] == "n1"
