"""An item that nobody has met: stated, trained, and shown to who likes what it is like."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from infra.local.layout import STATUS
from infra.local.process import running
from infra.local.replay import replay

NOW = datetime.now(UTC)
SHELVES = {"boots": ("Alpina", ["leather", "hiking"]), "mugs": ("Kiln", ["clay", "kitchen"])}
ITEMS = 24


def catalogue() -> list[dict[str, Any]]:
    """The items of both shelves, and of each shelf one that no event is about."""
    names = [*range(ITEMS), "new"]
    return [
        {"item_id": f"{shelf}-{name}", "category": shelf, "brand": brand, "tags": tags, "name": f"{shelf} {name}"}
        for shelf, (brand, tags) in SHELVES.items()
        for name in names
    ]


def events() -> list[dict[str, object]]:
    """People of one shelf each; many items, so that a list of ten is full without the new one."""
    draw = Random(3)
    return [
        {
            "event_id": f"{person}-{act}",
            "kind": "item_view",
            "occurred_at": (NOW - timedelta(hours=person % 40 + 1, minutes=-2 * act)).isoformat(),
            "user_id": f"u{person}",
            "item_ids": [f"{shelf}-{(person + draw.randrange(8) * act) % ITEMS}"],
        }
        for person in range(80)
        for shelf in [list(SHELVES)[person % 2]]
        for act in range(8)
    ]


@pytest.mark.parametrize("stack", ["embedded", "emulators"])
def test_who_likes_what_it_is_like_is_shown_it(
    stack: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if stack == "emulators":
        request.getfixturevalue("emulator_environment")
    monkeypatch.setenv("ATTUNE_MODEL_REFRESH_S", "0.2")
    with running(stack, tmp_path / "data") as served, httpx.Client(base_url=served.url, timeout=120) as client:
        assert client.put("/v1/items", json=catalogue()).json()["accepted"] == len(catalogue())
        asyncio.run(replay(events(), served.url))
        wait(client)
        trained = client.post("/v1/retrain", json={"models": ["neighbours", "popularity", "blend"], "force": True})
        version = trained.json()["models"]["neighbours"]["version"]
        for person, (liked, other) in enumerate([("boots", "mugs"), ("mugs", "boots")]):
            answer = ask(client, f"u{person}", version)
            shown = {item["item_id"]: item for item in answer["items"]}
            assert f"{liked}-new" in shown
            assert f"{other}-new" not in shown
            assert shown[f"{liked}-new"]["source"] == "content"
            assert shown[f"{liked}-new"]["reason"].startswith(f"new, and like {liked} ")


def wait(client: httpx.Client) -> None:
    """Until all is in the log."""
    deadline = time.monotonic() + 60
    while True:
        logged = client.get(STATUS).json()["logged"]
        if logged.get("events", 0) >= len(events()) and logged.get("items", 0) >= len(catalogue()):
            return
        assert time.monotonic() < deadline, logged
        time.sleep(0.2)


def ask(client: httpx.Client, user: str, version: str) -> dict[str, Any]:
    """The answer once the instance has noticed this version."""
    deadline = time.monotonic() + 20
    while True:
        answer: dict[str, Any] = client.get("/v1/recommendations", params={"user_id": user}).json()
        if answer["model_versions"].get("neighbours") == version:
            return answer
        assert time.monotonic() < deadline, "the instance never noticed"
        time.sleep(0.1)
