"""The demo: real events through a fresh stack, a training, and one person's recommendations before and after."""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from rich.console import Console

from infra.local import screens
from infra.local.inputs import Fields, Input, open_input, shift
from infra.local.layout import STATUS
from infra.local.process import Stack, running
from infra.local.replay import ReplayResult, replay
from shared.profiles.consent import PERSONALIZATION

N = 10
WELL_KNOWN = 60
"""The demo's person has at most so many events, so that a reader can follow what their recommendations lean on."""

LIVE = {"ATTUNE_MODEL_REFRESH_S": "1"}


def demo(spec: str, stack: str, data: str | None, port: int | None, keep: bool, json_file: str | None) -> int:
    """Run it and print what came out; with `json_file`, write the same as data."""
    source, console = open_input(spec), screens.console()
    console.print(f"Input: {source.name}" + (f"\n{source.licence}" if source.licence else ""))
    with _folder(data) as folder, running(stack, Path(folder), port or 0, LIVE) as served:
        started = time.monotonic()
        figures = _run(source, served, console) | {"stack": stack}
        figures["seconds"] = round(time.monotonic() - started, 2)
        screens.show(figures, console)
        if json_file:
            Path(json_file).write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
        if keep:
            console.print(f"Still serving at {served.url}; Ctrl-C ends it.")
            served.process.wait()
    return 0


def _folder(data: str | None) -> AbstractContextManager[str]:
    return nullcontext(data) if data else tempfile.TemporaryDirectory(prefix="attune-")


def _run(source: Input, served: Stack, console: Console) -> dict[str, Any]:
    with httpx.Client(base_url=served.url, timeout=1_800) as client:
        person = Watched()
        events, cutoff = _live(source)
        with console.status("counting the input"):
            total = source.total
        result = asyncio.run(replay(person.watch(events), served.url, total=total))
        outcomes = _wait(client, result, console)
        before = _recommend(client, person.chosen)
        with console.status("training"):
            trained = client.post("/v1/retrain", json={"cutoff": cutoff.isoformat()}).raise_for_status().json()
        after = _await_models(client, person.chosen, trained)
    return {
        "input": source.name,
        "events": _count(result, outcomes),
        "personas": screens.personas(trained),
        "models": trained,
        "recommendations": {"user_id": person.chosen, "before": before, "after": after},
    }


def _live(source: Input) -> tuple[Iterable[Fields], datetime]:
    """The events as if they ended today, and the moment after the last of them: training's cutoff."""
    now = datetime.now(UTC)
    last = source.last or now
    distance = timedelta(days=(now - last) // timedelta(days=1))
    return shift(source, last, now), last + distance + timedelta(seconds=1)


class Watched:
    """Sees the events go by, and chooses the person whose recommendations are shown."""

    def __init__(self) -> None:
        self._acts: Counter[str] = Counter()
        self._silent: set[str] = set()

    def watch(self, events: Iterable[Fields]) -> Iterator[Fields]:
        for event in events:
            if isinstance(user_id := event.get("user_id"), str):
                self._acts[user_id] += bool(event.get("item_ids"))
                allowed = event.get("consent", [PERSONALIZATION])
                if isinstance(allowed, list) and PERSONALIZATION not in allowed:
                    self._silent.add(user_id)
            yield event

    @property
    def chosen(self) -> str:
        """Who did most with items among those of a readable number of acts, the first by id of equals."""
        users = {user: acts for user, acts in self._acts.items() if user not in self._silent}
        readable = {user: acts for user, acts in users.items() if acts <= WELL_KNOWN} or users
        return min(readable, key=lambda user: (-readable[user], user), default="nobody")


PATIENCE = 10
"""Looks at a stack in which nothing moves, half a second apart."""


def _wait(client: httpx.Client, result: ReplayResult, console: Console) -> dict[str, int]:
    """Wait until every accepted event is in its profile and in the log, and all topics have been read to their end;
    returns what became of the events.

    What events say of items follows them on a topic of its own: its two readers must have read equally much, or nothing
    more for a while (one may have been told twice).
    """
    before: dict[str, Any] = {}
    still = 0
    with console.status("") as status:
        while True:
            answer = client.get(STATUS).raise_for_status().json()
            outcomes: dict[str, int] = answer["outcomes"]
            folded, logged = sum(outcomes.values()), answer["logged"].get("events", 0)
            told = sum(answer["items"].values()) == answer["logged"].get("items", 0)
            still = still + 1 if answer == before else 0
            is_read = not any(answer["waiting"].values()) and (told or still >= PATIENCE)
            if folded >= result.accepted and logged >= result.accepted and is_read:
                return outcomes
            before = answer
            status.update(f"folding into profiles: {folded:,} of {result.accepted:,}; in the log: {logged:,}")
            time.sleep(0.5)


def _count(result: ReplayResult, outcomes: dict[str, int]) -> dict[str, int]:
    """Every event counts once: accepted, or a repetition of an accepted one, or refused."""
    accepted = sum(number for outcome, number in outcomes.items() if outcome != "duplicate")
    return {
        "sent": result.sent,
        "accepted": accepted,
        "duplicate": result.accepted - accepted,
        "refused": result.refused,
        "late": outcomes.get("late", 0),
    }


def _recommend(client: httpx.Client, user_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = (
        client.get("/v1/recommendations", params={"user_id": user_id, "n": N}).raise_for_status().json()
    )
    return answer


def _await_models(client: httpx.Client, user_id: str, trained: dict[str, Any]) -> dict[str, Any]:
    """The recommendations once the instance has noticed the new models."""
    while True:
        answer = _recommend(client, user_id)
        if answer["model_versions"].items() >= screens.versions(trained).items():
            return answer
        time.sleep(0.2)
