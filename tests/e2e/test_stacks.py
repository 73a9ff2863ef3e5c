"""Both stacks through the demo itself: the same input, the same figures; and state that survives a restart."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from infra.cli import main
from infra.local.process import running
from infra.local.replay import replay

SPEC = "simulate:users=60,days=6,seed=11"


def demo(stack: str, folder: Path) -> dict[str, Any]:
    file = folder / f"{stack}.json"
    assert main(["demo", "--input", SPEC, "--stack", stack, "--json", str(file)]) == 0
    figures: dict[str, Any] = msgspec.json.decode(file.read_bytes())
    return figures


def what_counts(figures: dict[str, Any]) -> dict[str, Any]:
    """All but times, and what is drawn by chance: of an item with a probability below 1 only that there is one.

    Before the training the newest items are shown. When an item came is told by what events say of it, of which the
    first to arrive is kept; so of these only the categories, which go by the person.
    """
    before, after = (figures["recommendations"][when] for when in ("before", "after"))
    models = figures["models"]["models"]
    return {
        "events": figures["events"],
        "personas": figures["personas"],
        "models": {
            name: (model["status"], model.get("version"), model.get("reason")) for name, model in models.items()
        },
        "user": figures["recommendations"]["user_id"],
        "before": (before["persona"], [(item["category"], item["source"]) for item in before["items"]]),
        "after": (after["persona"], [item if item["probability"] == 1 else item["source"] for item in after["items"]]),
        "degraded": (before["degraded"], after["degraded"]),
    }


@pytest.mark.usefixtures("emulator_environment")  # skips where there are none
def test_both_stacks_print_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    embedded, emulated = demo("embedded", tmp_path), demo("emulators", tmp_path)
    assert what_counts(embedded) == what_counts(emulated)
    assert embedded["events"]["accepted"] == embedded["events"]["sent"] > 1_000
    assert len(embedded["recommendations"]["after"]["items"]) == 10
    assert sum(persona["size"] for persona in embedded["personas"]) > 30  # of fifty; who refuses is not learned from
    assert embedded["seconds"] > 0
    printed = capsys.readouterr().out
    assert printed.count("because you viewed") >= 2
    assert "Traceback" not in printed


@pytest.mark.parametrize("stack", ["embedded", "emulators"])
def test_state_survives_a_restart(stack: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if stack == "emulators":
        request.getfixturevalue("emulator_environment")
    event = {
        "kind": "purchase",
        "user_id": "ann",
        "item_ids": ["a"],
        "category": "shoes",
        "value": 5,
        "currency": "EUR",
    }
    events = [event | {"event_id": f"e{n}", "occurred_at": f"2026-01-01T00:00:{n:02}Z"} for n in range(40)]
    with running(stack, tmp_path) as first:
        assert asyncio.run(replay(events, first.url)).accepted == 40
    assert first.process.returncode == 0
    with running(stack, tmp_path) as second:
        assert asyncio.run(replay(events, second.url)).accepted == 40
        while sum((outcomes := httpx.get(f"{second.url}/stack/status").json()["outcomes"]).values()) < 40:
            pass
        assert main(["smoke", "--url", second.url]) == 0
    assert outcomes == {"duplicate": 40}


def test_wrong_use_is_one_line_and_exit_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--input", "rees46:nowhere.csv"]) == 2
    assert main(["demo", "--input", "wishes"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line[:6] for line in lines] == ["error:", "error:"]
    assert "nowhere.csv" in lines[0]
    assert "movielens" in lines[1]
    with pytest.raises(SystemExit) as caught:
        main(["dance"])
    assert caught.value.code == 2
