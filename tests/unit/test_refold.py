"""The refold's promise: whatever was folded, claimed, taken back and refolded, in whatever order: what the log says."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from refolding import operate
from refolding.attribution import fold_all
from refolding.orders import Verdict
from refolding.results import LogLacksError
from shared.events.event import Event
from shared.profiles import identity
from shared.profiles.identity import claims_of
from shared.profiles.profile import encode_profile, new_profile
from shared.profiles.record import Record
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from tests.profiles_world import NOW, World

DEADLINE = timedelta(seconds=5)
USERS, DEVICES = ("ann", "bob", "cem"), ("phone", "till")

Step = tuple[str, Any]


def make(number: int, user_id: str | None, anonymous_id: str | None, minutes: int, kind: Any = "item_view") -> Event:
    return Event(
        event_id=f"e{number}",
        kind=kind,
        occurred_at=NOW - timedelta(days=30) + timedelta(minutes=minutes),
        received_at=NOW,
        user_id=user_id,
        anonymous_id=anonymous_id,
        item_ids=(f"i{number % 5}",),
        category=f"c{number % 3}",
    )


def expected(events: Sequence[Event], records: dict[str, Record], world: World) -> dict[str, bytes]:
    """Person → state by the batch formula: attribute the set of events, then fold each person's."""
    devices = claims_of(events, world.terms)
    for name, device in devices.items():
        device.revoked = records[f"a:{name}"].standing.revoked
    confined = {person for person, record in records.items() if record.standing.quarantine}
    states = {}
    for person, theirs in identity.attribute(events, devices).items():
        profile = new_profile(world.settings.half_life)
        counting = [event for event in theirs if not confined & {person, event.user_id or f"a:{event.anonymous_id}"}]
        fold_all(profile, sorted(counting, key=lambda event: event.occurred_at), world.terms)
        states[person] = encode_profile(profile)
    return states


def stored(records: dict[str, Record]) -> dict[str, bytes]:
    return {person: encode_profile(record.profile) for person, record in records.items()}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedWarehouse]:
    opened = EmbeddedWarehouse(tmp_path_factory.mktemp("log") / "warehouse.duckdb")
    yield opened
    opened.close()


acts = st.tuples(
    st.sampled_from([*USERS, None]), st.sampled_from([*DEVICES, None]), st.integers(0, 5_000), st.booleans()
).filter(lambda act: act[0] or act[1])
people = st.sampled_from([*(f"u:{user}" for user in USERS), *(f"a:{device}" for device in DEVICES)])
steps: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.tuples(st.just("act"), acts),
        st.tuples(st.just("act"), acts),
        st.tuples(st.just("act"), acts),
        st.tuples(st.just("again"), st.integers(0, 30)),
        st.tuples(st.just("log"), st.none()),
        st.tuples(st.just("unmerge"), st.tuples(st.sampled_from(USERS), st.sampled_from(DEVICES))),
        st.tuples(st.just("refold"), people),
        st.tuples(st.just("quarantine"), people),
        st.tuples(st.just("release"), people),
        st.tuples(st.just("serve"), st.none()),
    ),
    max_size=30,
)


async def run(world: World, steps: Sequence[Step]) -> list[Event]:
    """Do all of it; `serve` does the refolds that were asked for so far, and fails as often as the log is behind."""
    events: list[Event] = []
    logged = 0
    asked: list[list[str]] = []
    for what, detail in steps:
        if what == "act":
            user_id, anonymous_id, minutes, is_logged = detail
            events.append(make(len(events), user_id, anonymous_id, minutes))
            await world.committer.add(events[-1])
            if is_logged and logged == len(events) - 1:
                world.log(events[logged:])
                logged = len(events)
        elif what == "again" and events:
            await world.committer.add(events[detail % len(events)])
        elif what == "log":
            world.log(events[logged:])
            logged = len(events)
        elif what == "unmerge":
            await world.committer.unmerge(*detail)
        elif what == "refold":
            await attempt(world, [detail])
        elif what in ("quarantine", "release"):
            if what == "release":  # which takes the log as it is after ten seconds: see refolding/deliver.py
                world.log(events[logged:])
                logged = len(events)
            kind, _, name = detail.partition(":")
            verdict = Verdict(**{"user_id" if kind == "u" else "anonymous_id": name}, why="a test")
            await (operate.quarantine if what == "quarantine" else operate.release)(world.parts, verdict)
        elif what == "serve":
            asked = [people for people in [*asked, *world.topics.take_refolds()] if not await attempt(world, people)]
    world.log(events[logged:])
    for people in asked:
        await world.refolder.refold(people)
    await world.refold_what_was_asked()
    return events


async def attempt(world: World, people: list[str]) -> bool:
    try:
        await world.refolder.refold(people)
    except LogLacksError:
        return False
    return True


@given(steps=steps)
@budget(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_interleaving_ends_as_the_batch_formula_says(steps: list[Step], warehouse: EmbeddedWarehouse) -> None:
    async def check() -> None:
        with tempfile.TemporaryDirectory() as folder:
            world = World(EmbeddedDocuments(Path(folder, "documents.sqlite"), DEADLINE), warehouse)
            warehouse.run("DELETE FROM events WHERE TRUE")
            events = await run(world, steps)
            records = await world.records()
            batch = expected(events, records, world)
            found = stored(records)
            empty = encode_profile(new_profile(world.settings.half_life))
            assert {p: s for p, s in found.items() if s != empty} == {p: s for p, s in batch.items() if s != empty}
            assert [person for person, record in records.items() if record.standing.journal] == []
            await world.documents.close()

    asyncio.run(check())
