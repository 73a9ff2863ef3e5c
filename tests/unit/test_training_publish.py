"""Publishing: everything first, the pointer last; what others wrote stays."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.errors import RetryableError
from shared.models.artifact import unpack_model
from shared.models.items import pack_neighbours, unpack_item
from shared.models.popularity import PopularityModel
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.ports import Fields
from training.publish import publish
from training.results import Batch, Fitted, Model, Refused, Trained, fitted

CUTOFF = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)


class Watched(EmbeddedDocuments):
    """The real documents; remembers what was merged, and is away for the merge of the given number."""

    merged: list[str]
    away_at = -1

    async def merge(self, collection: str, documents: Mapping[str, Fields]) -> None:
        if len(self.merged) == self.away_at:
            raise RetryableError("away")
        await super().merge(collection, documents)
        self.merged += [f"{collection}/{','.join(documents)}"]


@pytest.fixture
def documents(tmp_path: Path) -> Watched:
    store = Watched(tmp_path / "documents.sqlite", Settings().store_deadline)
    store.merged = []
    return store


def training(score: float = 1.0) -> dict[Model, Trained]:
    """One model of each sort: refused, in one document, in many."""
    items: list[Batch] = [
        ("items", {name: {"item_id": name, **pack_neighbours([("c", 0.5)], "n1")}}) for name in ("a", "b")
    ]
    model = PopularityModel("", [("a", score)], {})
    return {
        "personas": Trained(Refused("too few people"), 0.1),
        "neighbours": Trained(Fitted("n1", lambda: iter(items), {}), 0.1),
        "popularity": Trained(fitted("popularity", model, CUTOFF, {}), 0.1),
    }


def version(trained: Mapping[Model, Trained], model: Model) -> str:
    result = trained[model].result
    assert isinstance(result, Fitted)
    return result.version


async def test_the_pointer_moves_last(documents: Watched) -> None:
    trained = training()
    await publish(documents, trained)
    popular = version(trained, "popularity")
    assert documents.merged == ["items/a", "items/b", f"models/popularity@{popular}", "models/current"]
    pointer = await documents.get("models", "current")
    assert pointer
    assert pointer.fields == {"neighbours": "n1", "popularity": popular}


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


@pytest.mark.parametrize("away_at", [0, 1, 2, 3])
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
    item = unpack_item("a", stored.fields)
    assert (item.hidden, item.name, item.category, item.neighbours) == (True, "Anvil", "tools", {"c": 0.5})


async def test_when_all_is_refused_nothing_is_written(documents: Watched) -> None:
    await publish(documents, {"personas": Trained(Refused("too few people"), 0.1)})
    assert documents.merged == []


async def test_a_model_is_written_as_it_is_made(documents: Watched) -> None:
    def made() -> Iterator[tuple[str, dict[str, Fields]]]:
        for number in range(3):
            assert len(documents.merged) == number
            yield "items", {f"i{number}": {"item_id": f"i{number}"}}

    await publish(documents, {"neighbours": Trained(Fitted("n1", made, {}), 0.1)})
    assert len(documents.merged) == 4
