"""A machine among people, through the whole loop: taken out, learned nothing from, let in again, put out for good."""

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local.inputs.simulate import Simulation
from infra.local.inputs.simulate.catalogue import shelves
from infra.local.layout import STATUS
from infra.local.process import running
from infra.local.replay import replay
from shared.events.event import Event
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import encode_profile, new_profile
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.warehouse import EmbeddedWarehouse

SETTINGS = Settings()
CUTOFF = "2025-01-01T12:00:00Z"
BOT = {"anonymous_id": "price-watcher"}
PEOPLE = [dict(event) for event in Simulation(users=40, days=8, seed=5).events()]
ITEMS = [item for shelf in shelves().values() for item in shelf.items][:12]


def ticks(first: int, last: int) -> list[dict[str, Any]]:
    """The machine's events: an item every 20 s, whatever happens, all night long."""
    start = datetime.fromisoformat("2024-12-30T01:00:00.250+00:00")
    return [
        {
            "event_id": f"tick-{n}",
            "kind": "item_view",
            "occurred_at": (start + timedelta(seconds=20 * n)).isoformat(),
            "item_ids": [ITEMS[n % 12].item_id],
            "category": ITEMS[n % 12].category,
            **BOT,
        }
        for n in range(first, last)
    ]


class Loop:
    """A stack, and what is asked of it here."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, timeout=60)

    def send(self, events: list[dict[str, Any]]) -> None:
        """Deliver, and wait until all is folded and logged."""
        assert asyncio.run(replay(events, self._url)).refused == 0
        while any(self.status()["waiting"].values()):
            time.sleep(0.05)

    def status(self) -> Any:
        return self._client.get(STATUS).json()

    def train(self) -> dict[str, Any]:
        told: dict[str, Any] = self._client.post("/v1/retrain", json={"cutoff": CUTOFF}).raise_for_status().json()
        return told

    def shown(self, **who: str) -> dict[str, Any]:
        answer = self._client.get("/v1/recommendations", params=who).raise_for_status().json()
        return {name: answer[name] for name in ("persona", "items", "degraded")}

    def order(self, action: str) -> httpx.Response:
        return self._client.post(f"/v1/profiles/{action}", json={**BOT, "why": "a test"})

    def state_items(self) -> None:
        """What the machine's events say of the items that it looks at holds whoever has met them."""
        items = {event["item_ids"][0]: event["category"] for event in ticks(0, 230)}
        stated = {"stated_at": "2024-12-01T00:00:00Z"}
        facts = [{"item_id": item, "category": category, **stated} for item, category in items.items()]
        self._client.put("/v1/items", json=facts).raise_for_status()

    def profile(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.get("/v1/profiles", params=BOT).raise_for_status().json()
        return found


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, bytes]]:
    """What is learned from the people alone: the models' versions, and each item's neighbours."""
    folder = tmp_path_factory.mktemp("people")
    with running("embedded", folder) as stack:
        loop = Loop(stack.url)
        loop.state_items()
        loop.send(PEOPLE)
        versions = versions_of(loop.train())
    return versions, dict(neighbours(folder))


def versions_of(told: dict[str, Any]) -> dict[str, str]:
    """A version names the checksum of its content."""
    return {name: model["version"] for name, model in told["models"].items() if "version" in model}


def neighbours(folder: Path) -> Iterator[tuple[str, bytes]]:
    found = asyncio.run(scan(folder, "items"))
    return ((item, fields["relations_b"]) for item, fields in found.items() if "relations_b" in fields)


async def scan(folder: Path, collection: str) -> dict[str, Any]:
    documents = EmbeddedDocuments(folder / "documents.sqlite", timedelta(seconds=5))
    found = {key: document.fields async for key, document in documents.scan(collection)}
    await documents.close()
    return found


def state(folder: Path) -> bytes:
    stored: bytes = asyncio.run(scan(folder, "profiles"))["a:price-watcher"]["state"]
    return stored


def folded(events: list[dict[str, Any]]) -> bytes:
    """The state of somebody who was never suspected."""
    profile = new_profile(SETTINGS.half_life)
    for event in events:
        at = datetime.fromisoformat(event["occurred_at"])
        values = {**event, "occurred_at": at, "item_ids": tuple(event["item_ids"])}
        assert fold(profile, [Event(**values)], read_terms(SETTINGS)) == ["applied"]
    return encode_profile(profile)


def test_a_machine_among_people(tmp_path: Path, reference: tuple[dict[str, str], dict[str, bytes]]) -> None:
    with running("embedded", tmp_path) as stack:
        loop = Loop(stack.url)
        loop.state_items()
        loop.send(sorted([*PEOPLE, *ticks(0, 150)], key=lambda event: str(event["occurred_at"])))

        quarantine = loop.profile()["quarantine"]
        assert [signal.partition(":")[0] for signal in quarantine["signals"]] == ["focus", "regularity"]
        assert quarantine["by"] == "score"
        assert loop.status()["outcomes"]["quarantined"] > 0
        assert state(tmp_path) == folded([])
        assert loop.profile()["events"] == 0

        told = loop.train()
        assert told["left_out"]["people"] == 1
        assert versions_of(told) == reference[0]
        assert dict(neighbours(tmp_path)) == reference[1] != {}
        assert loop.shown(**BOT) == loop.shown(anonymous_id="never-seen")

        assert loop.order("release").status_code == 200
        assert state(tmp_path) == folded(ticks(0, 150))
        loop.send(ticks(150, 200))
        assert state(tmp_path) == folded(ticks(0, 200)), "a judge whom an operator has overruled is silent"
        assert versions_of(loop.train())["popularity"] != reference[0]["popularity"]
        assert loop.shown(**BOT) != loop.shown(anonymous_id="never-seen")

        assert loop.order("purge").status_code == 200
        assert loop.order("release").status_code == 409
        loop.send(ticks(200, 230))
        assert state(tmp_path) == folded([])
        assert versions_of(loop.train()) == reference[0]
        assert loop.profile()["quarantine"]["purged"] is True
    warehouse = EmbeddedWarehouse(tmp_path / "warehouse.duckdb")
    logged = warehouse.query("SELECT COUNT(DISTINCT event_id) AS n FROM events WHERE anonymous_id = @anonymous_id", BOT)
    assert logged["n"].to_pylist() == [230]
    warehouse.close()


def test_a_site_may_want_none_of_it(tmp_path: Path) -> None:
    with running("embedded", tmp_path, settings={"ATTUNE_BOTS": "off"}) as stack:
        loop = Loop(stack.url)
        loop.send(ticks(0, 150))
        assert loop.profile()["quarantine"] is None
        assert state(tmp_path) == folded(ticks(0, 150))
