"""One training at a time, on the embedded documents and on Firestore's emulator; and what a killed one leaves."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from infra.local.layout import ROOT
from shared.models.items import unpack_item
from shared.models.relations import Relations, live_slot, pack
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.gcp.documents import FirestoreDocuments
from shared.stores.ports import Documents
from training import lease as leases
from training.lease import TakenError, acquire, leased
from training.publish import publish, read_pointer
from training.results import Fitted, Trained

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(params=["embedded", "firestore"])
async def instances(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Documents]]:
    """The documents as two instances see them."""
    stores: list[Documents]
    if request.param == "firestore":
        request.getfixturevalue("on_emulators")
        project = f"test-{uuid4().hex[:12]}"
        stores = [FirestoreDocuments(project, "(default)", timedelta(seconds=30)) for _ in range(2)]
    else:
        stores = [EmbeddedDocuments(tmp_path / "documents.sqlite", Settings().store_deadline) for _ in range(2)]
    yield stores
    for store in stores:
        await store.close()


@pytest.fixture
def documents(instances: list[Documents]) -> Documents:
    return instances[0]


async def test_of_many_that_begin_at_once_one_trains(instances: list[Documents]) -> None:
    begun = (acquire(documents, Clock()) for documents in instances for _ in range(4))
    found = await asyncio.gather(*begun, return_exceptions=True)
    assert sum(isinstance(one, leases.Lease) for one in found) == 1
    assert sum(isinstance(one, TakenError) for one in found) == 7


async def test_the_next_one_trains_when_the_first_has_ended(documents: Documents) -> None:
    clock = Clock()
    async with leased(documents, clock):
        with pytest.raises(TakenError, match="is running"):
            await acquire(documents, clock)
    await acquire(documents, clock)


async def test_who_lost_the_lease_publishes_nothing(documents: Documents) -> None:
    clock = Clock()
    first = await acquire(documents, clock, ["popularity"], NOW)
    await first.check()
    clock.now += leases.LENGTH
    second = await acquire(documents, clock)
    assert second.lost["models"] == ["popularity"], "the next one tells of the training that was lost"
    assert second.lost["cutoff"] == NOW
    trained = Fitted("n1", lambda: iter(()), {}, lambda: iter([("a", pack(Relations([("b", 0.5)])))]))
    with pytest.raises(TakenError):
        await publish(documents, {"neighbours": Trained(trained, 0.1)}, first.check)
    assert await read_pointer(documents) == {}
    await first.release()
    await second.check()


async def test_a_lease_that_is_renewed_does_not_expire(documents: Documents) -> None:
    clock = Clock()
    lease = await acquire(documents, clock)
    for _ in range(3):
        clock.now += leases.LENGTH - timedelta(seconds=5)
        await lease.check()
    with pytest.raises(TakenError):
        await acquire(documents, clock)


KILLED = """
import asyncio, itertools, sys
from datetime import timedelta
from pathlib import Path
sys.path[:0] = [{root!r}, {retrain!r}]
from shared.models.relations import Relations, pack
from shared.stores.embedded.documents import EmbeddedDocuments
from training.publish import publish
from training.results import Fitted, Trained

def made():
    for number in itertools.count():
        if number == 600:
            print("two batches are written", flush=True)
        if number > 600:
            import time; time.sleep(0.01)
        yield f"i{{number}}", pack(Relations([("new", 0.5)]))

documents = EmbeddedDocuments(Path({path!r}), timedelta(seconds=5))
asyncio.run(publish(documents, {{"neighbours": Trained(Fitted("n2", lambda: iter(()), {{}}, made), 0.1)}}))
"""


async def test_a_killed_publication_leaves_the_live_models_whole(tmp_path: Path) -> None:
    path = tmp_path / "documents.sqlite"
    documents = EmbeddedDocuments(path, Settings().store_deadline)
    live = {f"i{number}": pack(Relations([("old", 0.5)])) for number in range(700)}

    def training(version: str) -> Trained:
        return Trained(Fitted(version, lambda: iter(()), {}, lambda: iter(live.items())), 0.1)

    await publish(documents, {"neighbours": training("n1")})
    code = KILLED.format(root=str(ROOT), retrain=str(ROOT / "functions/retrain"), path=str(path))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    assert process.stdout
    assert await process.stdout.readline() == b"two batches are written\n"
    process.kill()
    assert await process.wait() == -signal.SIGKILL

    async def seen() -> set[tuple[str, ...]]:
        slot = live_slot(await read_pointer(documents))
        read = [unpack_item(key, document.fields, slot) async for key, document in documents.scan("items")]
        return {tuple(item.neighbours) for item in read if item.item_id in live}

    half = await documents.get("items", "i0")
    assert half
    assert unpack_item("i0", half.fields, "a").neighbours == {"new": 0.5}, "the idle slot had been begun"
    assert (await read_pointer(documents))["neighbours"] == "n1"
    assert await seen() == {("old",)}
    await publish(documents, {"neighbours": training("n3")})
    assert live_slot(await read_pointer(documents)) == "a"
    assert await seen() == {("old",)}
    await documents.close()
