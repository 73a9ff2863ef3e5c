"""The commands about profiles against a whole stack: what is asked for on topic `refolds` happens by itself."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.cli import main
from infra.local.process import running

START = datetime.now(UTC) - timedelta(days=1)


def make(number: int, kind: str = "item_view", **ids: str) -> dict[str, Any]:
    at = START + timedelta(minutes=number)
    return {"event_id": f"e{number}", "kind": kind, "occurred_at": at.isoformat(), "item_ids": [f"i{number}"], **ids}


def await_that(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.2)


@pytest.mark.parametrize("stack", ["embedded", "emulators"])
def test_a_shared_device_is_divided_and_commands_do_what_they_say(
    stack: str, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    if stack == "emulators":
        request.getfixturevalue("emulator_environment")
    anonymous = [make(number, anonymous_id="till") for number in (1, 2, 8, 9)]
    claims = [
        make(3, "identify", user_id="ann", anonymous_id="till"),
        make(6, "identify", user_id="bob", anonymous_id="till"),
    ]
    with running(stack, tmp_path) as served, httpx.Client(base_url=served.url, timeout=30) as client:

        def count(**ids: str) -> int:
            answer = client.get("/v1/profiles", params=ids)
            return int(answer.json()["events"]) if answer.is_success else 0

        def run(*command: str) -> int:
            return main([*command, "--url", served.url])

        client.post("/v1/events", json=[*anonymous, claims[0]]).raise_for_status()
        await_that(lambda: count(user_id="ann") == 5)
        client.post("/v1/events", json=claims[1:]).raise_for_status()
        # Bob's claim gives the till back what happened there after it.
        await_that(lambda: (count(user_id="ann"), count(user_id="bob"), count(anonymous_id="till")) == (3, 1, 2))

        assert run("profile", "--user", "ann", "--explain") == 0
        assert "Log and live profile agree." in capsys.readouterr().out
        assert run("rebuild") == 0
        assert "3 profiles of 3 people made of 6 events." in capsys.readouterr().out
        assert run("unmerge", "--user", "ann", "--device", "till") == 0
        # Without ann's claim the till is bob's, all of it.
        assert (count(user_id="ann"), count(user_id="bob")) == (1, 5)
        assert run("quarantine", "--user", "bob", "--why", "opens everything") == 0
        assert count(user_id="bob") == 0
        assert run("release", "--user", "bob", "--why", "a person") == 0
        assert run("rebuild", "--device", "till") == 0
        assert (count(user_id="ann"), count(user_id="bob")) == (1, 5)
        assert run("purge", "--user", "bob", "--why", "a load test") == 0
        assert run("release", "--user", "bob", "--why", "please") == 1
        assert run("profile", "--user", "nobody") == 2
        told = capsys.readouterr()
        assert "Refolded: a:till, u:ann, u:bob" in told.out
        assert "purged, which is for good" in told.err


def test_nobody_serves(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rebuild", "--url", "http://127.0.0.1:9"]) == 1
    assert "make serve" in capsys.readouterr().err
