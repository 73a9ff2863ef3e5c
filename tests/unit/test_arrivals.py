"""Arrivals: the newest of all instances, however their writes meet."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from shared.errors import RetryableError
from shared.models import arrivals
from shared.models.arrivals import KEY, MOST, Arrivals, read_arrivals
from shared.models.artifact import COLLECTION
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.ports import Document


@pytest.fixture
def documents(tmp_path: Path) -> EmbeddedDocuments:
    return EmbeddedDocuments(tmp_path / "documents.sqlite", timedelta(seconds=5))


async def stored(documents: EmbeddedDocuments) -> dict[str, int]:
    document = await documents.get(COLLECTION, KEY)
    return dict(read_arrivals(document.fields)) if document else {}


async def test_instances_that_write_at_once_lose_nothing(documents: EmbeddedDocuments) -> None:
    instances = [Arrivals() for _ in range(4)]
    for number, instance in enumerate(instances):
        for step in range(10):
            instance.note(f"i{number}-{step}", 10 * step + number)
    await asyncio.gather(*(instance.flush(documents) for instance in instances))
    found = await stored(documents)
    assert len(found) == 40
    assert list(found)[:4] == ["i3-9", "i2-9", "i1-9", "i0-9"]


async def test_the_newest_are_kept(documents: EmbeddedDocuments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "PERIOD_S", 0.0)
    instance = Arrivals()
    for number in range(MOST + 20):
        instance.note(f"i{number}", number)
        instance.flush_later(lambda: documents)
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
    assert sorted((await stored(documents)).values()) == list(range(20, MOST + 20))


async def test_what_could_not_be_written_is_written_later(
    documents: EmbeddedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> Document | None:
        raise RetryableError("away")

    instance = Arrivals()
    instance.note("a", 1)
    with monkeypatch.context() as patch:
        patch.setattr(documents, "get", away)
        with pytest.raises(RetryableError):
            await instance.flush(documents)
    instance.note("b", 2)
    await instance.flush(documents)
    assert await stored(documents) == {"b": 2, "a": 1}
