"""Export, erasure and proof on a stack that serves, by the commands; also while it is killed again and again."""

import asyncio
import io
import random
import re
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from infra.cli import main
from infra.local.layout import STATUS
from infra.local.process import Stack, running, start
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.warehouse import EmbeddedWarehouse

ANN = "ann@shop.example.com"
START = datetime.now(UTC) - timedelta(days=1)
PAUSE_S = 0.05

Json = dict[str, Any]


def events(n: int = 12) -> list[Json]:
    """Of each of n people: some as a stranger, then the login, then some more."""
    found = []
    for person in range(n):
        user, device = (ANN if person == 0 else f"user-{person}"), f"device-{person}"
        for act in range(6):
            ids = {"anonymous_id": device} | ({"user_id": user} if act > 1 else {})
            kind = "identify" if act == 2 else "item_view"
            at = (START + timedelta(minutes=act, seconds=person)).isoformat()
            found.append({"event_id": f"{person}-{act}", "kind": kind, "occurred_at": at, "item_ids": ["hat"], **ids})
    return found


def send(stack: Stack, what: list[Json], logged: int) -> None:
    assert httpx.post(f"{stack.url}/v1/events", json=what).status_code == 202
    settle(stack, logged)


def settle(stack: Stack, logged: int) -> None:
    """Wait until nothing waits any more."""
    for _ in range(1_200):
        status = httpx.get(stack.url + STATUS).json()
        # Of the emulator's topics only those are known to be empty that become tables.
        is_folded = "update_profile" in status["waiting"] or sum(status["outcomes"].values()) >= logged
        if is_folded and not any(status["waiting"].values()):
            return
        time.sleep(PAUSE_S)
    raise AssertionError(status)


def export(stack: Stack, file: Path, *whom: str) -> list[Json]:
    assert main(["export", "--url", stack.url, "--out", str(file), *whom]) == 0
    return [msgspec.json.decode(line) for line in file.read_bytes().splitlines()]


def prove(stack: Stack) -> int:
    return main(["verify-erasures", "--url", stack.url])


def places(lines: list[Json]) -> list[str]:
    return [line["place"] for line in lines]


@pytest.mark.parametrize("stack", ["embedded", "emulators"])
def test_the_commands(
    stack: str, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    if stack == "emulators":
        request.getfixturevalue("emulator_environment")
    gone = ["person", "tombstones", "erasures", "end"]
    with running(stack, tmp_path / "stack") as served:
        send(served, events(), 72)
        before = export(served, tmp_path / "before", "--user", ANN)
        others = export(served, tmp_path / "others", "--user", "user-1")
        assert Counter(places(before)) == {"person": 1, "profiles": 2, "events": 6, "end": 1}
        assert main(["erase", "--url", served.url, "--user", ANN, "--yes"]) == 0
        assert "profiles" not in places(export(served, tmp_path / "at-once", "--user", ANN))
        while places(export(served, tmp_path / "after", "--user", ANN)) != gone:
            time.sleep(PAUSE_S)
        assert prove(served) == 0
        send(served, [each | {"event_id": f"late-{each['event_id']}"} for each in events(1)], 78)
        capsys.readouterr()
        assert prove(served) == 0
        printed = capsys.readouterr().out
        assert re.search(r"│ events +│ +6 │ +0 │", printed)
        assert len({len(line) for line in printed.splitlines() if line[0] in "┏┃┡│└"}) == 1
        assert "Erasures of 90 days: 1, their devices: 1; nothing is left." in printed
        assert places(export(served, tmp_path / "after", "--user", ANN)) == gone
        assert export(served, tmp_path / "others-after", "--user", "user-1")[1:] == others[1:]


def test_a_device_leaves_its_user(tmp_path: Path) -> None:
    """Everything that names it goes, and the user's profile is folded again without it."""
    with running("embedded", tmp_path) as served:
        elsewhere = events(2)[-1] | {"event_id": "elsewhere", "anonymous_id": "device-9"}
        send(served, [*events(2), elsewhere], 13)
        assert main(["erase", "--url", served.url, "--device", "device-1", "--yes"]) == 0
        settle(served, 13)
        assert prove(served) == 0
    found = asyncio.run(profiles(tmp_path))
    assert (found["u:user-1"]["events"], found[f"u:{ANN}"]["events"]) == (1, 6)


def test_an_erasure_that_is_killed_again_and_again_is_carried_out(tmp_path: Path) -> None:
    rng = random.Random(7)
    stack = start("embedded", tmp_path)
    port = int(stack.url.rpartition(":")[2])
    send(stack, events(40), 240)
    httpx.post(f"{stack.url}/v1/privacy/erase", json={"user_id": ANN}, timeout=30).raise_for_status()
    for _ in range(6):
        time.sleep(rng.uniform(0, 0.15))
        stack.process.send_signal(signal.SIGKILL)
        stack.process.wait()
        stack = start("embedded", tmp_path, port)
    settle(stack, 240)
    assert prove(stack) == 0
    assert prove(stack) == 0
    assert stack.stop() == 0
    assert f"u:{ANN}" not in (left := asyncio.run(profiles(tmp_path)))
    assert len([key for key in left if key.startswith("u:")]) == 39
    warehouse = EmbeddedWarehouse(tmp_path / "warehouse.duckdb")
    [row] = warehouse.query("SELECT COUNT(DISTINCT event_id) AS n FROM events").to_pylist()
    warehouse.close()
    assert row["n"] == 39 * 6


async def profiles(folder: Path) -> dict[str, Json]:
    documents = EmbeddedDocuments(folder / "documents.sqlite", timedelta(seconds=5))
    found = {key: dict(document.fields) async for key, document in documents.scan("profiles")}
    await documents.close()
    return found


def test_it_asks_first(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("no", "yes"):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{word}\n"))
        assert main(["erase", "--url", "http://127.0.0.1:9", "--user", "ann"]) == 1
    printed = capsys.readouterr()
    assert printed.out.count("Nothing was erased.") == 1
    assert "does not answer" in printed.err


def test_wrong_use_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with running("embedded", tmp_path, settings={"ATTUNE_OPERATOR_KEYS": "op-never-in-a-log"}) as stack:
        assert main(["export", "--url", stack.url, "--user", "ann"]) == 2
        assert main(["export", "--url", stack.url, "--user", "null", "--key", "op-never-in-a-log"]) == 2
        assert main(["verify-erasures", "--url", stack.url, "--key", "op-never-in-a-log"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line[:6] for line in lines] == ["error:", "error:"]
    assert "ATTUNE_OPERATOR_KEYS" in lines[0]
    assert "user_id" in lines[1]
