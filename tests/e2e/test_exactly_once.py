"""Exactly once, through the real loop: repeated, shuffled, killed. What the profiles say is what was accepted."""

import asyncio
import random
import signal
from datetime import UTC, datetime, timedelta
from os import getpid
from pathlib import Path

import httpx
import msgspec
import pytest

from infra.bench.deliveries import Scale, make_deliveries
from infra.bench.driver import Driver
from infra.bench.exactly_once import problems, read_states
from infra.bench.verdict import judge
from infra.local.inputs import open_input
from infra.local.layout import STATUS
from infra.local.process import start
from infra.local.replay import replay
from shared.events.event import Event
from shared.events.parse import parse_event
from shared.profiles.fold import fold, is_allowed, read_terms
from shared.profiles.identity import attribute, claims_of
from shared.profiles.profile import Profile, encode_profile, new_profile
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from shared.stores.ports import Documents

SETTINGS = Settings()
TERMS = read_terms(SETTINGS)
NOW = datetime.now(UTC)


def simulated(users: int, days: int, count: int) -> list[Event]:
    """Events of a seeded simulation that profiles take, few enough for each person that the fold is exact."""
    source = open_input(f"simulate:users={users},days={days},seed=3")
    events = [parse_event(msgspec.json.encode(fields), NOW + timedelta(days=3_650), SETTINGS) for fields in source]
    people = attribute(events, claims_of(events, TERMS))
    busy = {event.event_id for theirs in people.values() if len(theirs) > 500 for event in theirs}
    return [event for event in events if event.event_id not in busy and is_allowed(event, TERMS)][:count]


def as_sent(events: list[Event]) -> list[dict[str, object]]:
    return [msgspec.to_builtins(msgspec.structs.replace(event, received_at=None)) for event in events]


def in_order(events: list[Event]) -> dict[str, bytes]:
    """Person → state after single delivery in order, of everybody to the one they turn out to be."""
    people = attribute(events, claims_of(events, TERMS))
    return {person: encode_profile(folded(theirs)) for person, theirs in people.items()}


def folded(events: list[Event]) -> Profile:
    profile = new_profile(SETTINGS.half_life)
    for event in events:
        fold(profile, [event], TERMS)
    return profile


async def stored(documents: Documents) -> dict[str, bytes]:
    return {key: bytes(document.fields["state"]) async for key, document in documents.scan("profiles")}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("backend", "scale", "writers"),
    [("embedded", Scale(10_000, days=14, crowd=40), 16), ("gcp", Scale(4_000, days=14, crowd=0), 4)],
)
async def test_writers_killed_at_random(
    backend: str, scale: Scale, writers: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """30 % repeated, shuffled within seven days: nothing lost, nothing counted twice, profiles those of the formula.

    `infra/dev.py bench exactly-once` does it with a million deliveries.
    """
    settings = choose(backend, tmp_path, request)
    deliveries = make_deliveries(scale)
    environment = {"ATTUNE_BACKEND": backend, "ATTUNE_DATA": settings.data, "ATTUNE_PROJECT": settings.project}
    driver = Driver(deliveries, environment, tmp_path / "acks", kills=5)
    run = await driver.run(lambda _: None, writers)
    verdict = judge(deliveries, run, await read_states(settings))
    assert run.killed == 5
    assert problems(verdict, scale.deliveries) == []
    assert verdict.outcomes["duplicate"] > 0.25 * scale.deliveries
    assert bool(verdict.outcomes["late"]) == bool(scale.crowd)
    assert verdict.behind <= bool(scale.crowd)
    assert verdict.handed_over > 0


def choose(backend: str, folder: Path, request: pytest.FixtureRequest) -> Settings:
    if backend == "embedded":
        return Settings(data=str(folder))
    request.getfixturevalue("on_emulators")
    return Settings(backend="gcp", project=f"once-{getpid()}", store_deadline_ms=10_000.0)


async def test_a_stack_killed_again_and_again_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """SIGKILL at random moments of a replay; the sender sends what was not answered again."""
    events = simulated(users=120, days=20, count=6_000)
    port = 0
    stack = start("embedded", tmp_path, port)
    port = int(stack.url.rpartition(":")[2])
    replaying = asyncio.create_task(
        replay(as_sent(events), stack.url, batch_events=50, connections=4, patience=timedelta(minutes=5))
    )
    rng, kills = random.Random(5), 0
    while not replaying.done() and kills < 6:
        await asyncio.sleep(rng.uniform(0.05, 0.6))
        stack.process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(stack.process.wait)
        kills += 1
        stack = await asyncio.to_thread(start, "embedded", tmp_path, port)
    result = await replaying
    assert kills > 0
    assert (result.accepted, result.refused) == (len(events), 0)
    await settled(stack.url)
    assert await asyncio.to_thread(stack.stop) == 0
    documents = EmbeddedDocuments(tmp_path / "documents.sqlite", timedelta(seconds=5))
    assert await stored(documents) == in_order(events)
    warehouse = EmbeddedWarehouse(tmp_path / "warehouse.duckdb")
    assert warehouse.query("SELECT COUNT(DISTINCT event_id) AS n FROM events")["n"].to_pylist() == [len(events)]


async def settled(url: str) -> None:
    async with httpx.AsyncClient() as client:
        while any((await client.get(url + STATUS)).json()["waiting"].values()):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def test_sigterm_drains_and_state_survives(tmp_path: Path) -> None:
    events = simulated(users=40, days=10, count=1_000)
    stack = start("embedded", tmp_path)
    result = asyncio.run(replay(as_sent(events), stack.url))
    assert stack.stop() == 0
    again = start("embedded", tmp_path)
    asyncio.run(settled(again.url))
    user = next(event.user_id for event in events if event.user_id)
    answer = httpx.get(f"{again.url}/v1/recommendations", params={"user_id": user})
    assert answer.status_code == 200
    assert again.stop() == 0
    documents = EmbeddedDocuments(tmp_path / "documents.sqlite", timedelta(seconds=5))
    assert result.accepted == len(events)
    assert asyncio.run(stored(documents)) == in_order(events)
