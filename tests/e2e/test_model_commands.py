"""Models by the command line, on whole stacks: what is live is what people are shown."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import pytest

from infra.cli import main
from infra.local.inputs import open_input
from infra.local.process import running
from infra.local.replay import replay

SPEC = "simulate:users=60,days=6,seed=11"


@pytest.mark.parametrize("stack", ["embedded", "emulators"])
def test_back_and_forth(
    stack: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if stack == "emulators":
        request.getfixturevalue("emulator_environment")
    monkeypatch.setenv("ATTUNE_MODEL_REFRESH_S", "0.2")
    events = list(open_input(SPEC))
    half = len(events) // 2
    with running(stack, tmp_path / "data") as served, httpx.Client(base_url=served.url, timeout=60) as client:

        def run(*command: str, code: int = 0) -> str:
            capsys.readouterr()
            assert main([*command, "--url", served.url]) == code
            return capsys.readouterr().out

        def live(name: str, shown: bool = True) -> str:
            """What is live and, once the instance has noticed, served."""
            [version] = [
                card["version"]
                for card in client.get("/v1/models").json()["models"]
                if (card["name"], card["status"]) == (name, "live")
            ]
            deadline = time.monotonic() + 20
            while shown and client.get("/v1/recommendations?user_id=x").json()["model_versions"][name] != version:
                assert time.monotonic() < deadline, "the instance never noticed"
                time.sleep(0.1)
            return str(version)

        def replayed(some: Sequence[Mapping[str, object]]) -> None:
            result = asyncio.run(replay(some, served.url))
            assert not result.refused
            time.sleep(2)  # the log of the emulated stack follows by a bridge

        assert "No model has been trained yet" in run("models", "list")
        replayed(events[:half])
        run("train", "--force")
        first = {name: live(name) for name in ("neighbours", "popularity", "personas")}
        replayed(events[half:])
        run("train", "--force")
        second = {name: live(name) for name in first}
        assert all(first[name] != second[name] for name in first)
        listed = run("models", "list")
        assert all(version in listed for version in (*first.values(), *second.values()))
        for name in first:
            told = run("models", "rollback", name)
            assert told == f"{name}: {first[name]} is live, instead of {second[name]}.\n"
            assert live(name) == first[name]
            run("models", "promote", f"{name}@{second[name]}")
            assert live(name) == second[name]
            run("models", "promote", f"{name}@{second[name]}", code=2)
        picture = tmp_path / "personas.svg"
        assert f"# personas {second['personas']}" in run("models", "show", "personas", "--picture", str(picture))
        assert picture.read_text().startswith("<svg ")
        run("models", "show", "popularity", "--picture", str(picture), code=1)
