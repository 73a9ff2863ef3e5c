"""Profiles made anew from the log beside those that served: the same bytes, without a pause, on every backend."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from infra.local.inputs import open_input
from refolding import family
from refolding.attribution import fold_all
from refolding.refold import People
from refolding.results import LogLacksError, Refolded
from refolding.swap import ring_marks
from shared.events.event import Event, person_key, person_of
from shared.events.parse import parse_event
from shared.profiles import identity
from shared.profiles.memory import event_mark
from shared.profiles.profile import CAPS, encode_profile, new_profile
from shared.profiles.record import COLLECTION, unpack
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from shared.stores.gcp.documents import FirestoreDocuments
from shared.stores.gcp.warehouse import BigQueryWarehouse
from tests.profiles_world import NOW, World
from tests.samples import sample
from tests.unit.test_refold import make, stored

DEADLINE = timedelta(seconds=60)


@pytest.fixture(params=["embedded", "gcp"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "embedded":
        made = World(
            EmbeddedDocuments(tmp_path / "documents.sqlite", DEADLINE), EmbeddedWarehouse(tmp_path / "log.duckdb")
        )
    else:
        endpoint = request.getfixturevalue("on_emulators")["ATTUNE_BIGQUERY_ENDPOINT"]
        project = f"rebuild-{uuid4().hex[:12]}"
        warehouse = BigQueryWarehouse(project, "attune", endpoint, DEADLINE)
        warehouse.create_dataset()
        made = World(FirestoreDocuments(project, "(default)", DEADLINE), warehouse)
    yield made
    await made.documents.close()
    made.warehouse.close()


def is_embedded(world: World) -> bool:
    return isinstance(world.documents, EmbeddedDocuments)


async def fold_in_order(world: World, events: Sequence[Event]) -> None:
    """Each person's in their order, those of different people side by side."""
    theirs: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        theirs[person_of(event)].append(event)

    async def one(events: Sequence[Event]) -> None:
        for event in events:
            await world.committer.add(event)

    await asyncio.gather(*map(one, theirs.values()))


async def rebuild(world: World, people: Sequence[str]) -> list[People]:
    """Refold everybody, by pages; returns their families."""
    done = []
    for start in range(0, len(people), 500):
        found, devices = await world.refolder.find_all(people[start : start + 500])
        families = [one for one in family.split(found, devices) if min(one) in people[start : start + 500]]
        results = await world.refolder.refold_families(families)
        assert [result for result in results if not isinstance(result, Refolded)] == []
        done += families
    return done


async def test_a_rebuild_of_the_real_sample_equals_the_live_profiles(world: World) -> None:
    source = open_input(f"rees46:{sample('rees46_sample.csv.gz')}")
    events = [parse_event(msgspec.json.encode(fields), NOW, world.settings) for fields in source]
    if not is_embedded(world):
        events = events[:600]
    await fold_in_order(world, events)
    world.log(events)
    live = stored(await world.records())
    assert len(live) == len({person_of(event) for event in events})
    # Nothing of what serves is left: what stands there afterwards is made of the log alone.
    families = await rebuild(world, sorted(live))
    assert sorted(person for one in families for person in one) == sorted(live)
    assert stored(await world.records()) == live


async def test_simulated_people_who_log_in_are_rebuilt_with_their_devices(world: World) -> None:
    source = open_input("simulate:users=60,days=6,seed=11")
    events = [parse_event(msgspec.json.encode(fields), NOW, world.settings) for fields in source]
    random.Random(3).shuffle(events)
    for event in events:
        await world.committer.add(event)
    world.log(events)
    await world.refold_what_was_asked()
    records = await world.records()
    assert sum(bool(record.standing.merged) for record in records.values()) > 5
    await rebuild(world, sorted(records))
    again = await world.records()
    assert stored(again) == stored(records)
    assert {p: r.standing for p, r in again.items()} == {p: r.standing for p, r in records.items()}
    batch = identity.attribute(events, identity.claims_of(events, world.terms))
    assert stored(again) == {person: folded(world, theirs) for person, theirs in batch.items()}


async def test_events_that_arrive_during_a_rebuild_are_neither_lost_nor_doubled(world: World) -> None:
    """Two instances write, a bridge logs with a delay, people are refolded again and again; then all is as by the batch
    formula. Meanwhile what a reader sees of a family never shrinks, and never is more than was sent."""
    count, pause_s = (900, 0.02) if is_embedded(world) else (240, 0.12)
    rng = random.Random(5)
    people = [("ann", "phone"), ("ann", None), (None, "phone"), ("bob", "tablet"), (None, "tablet"), ("cem", None)]
    events = [make(number, *rng.choice(people), rng.randrange(900)) for number in range(count)]
    committers = [world.committer, world.new_committer()]
    waiting, sent, logged = iter(events), list[Event](), 0
    keys = sorted({person for event in events for person in named(event)})
    totals = [0]
    refolds = 0

    async def write(number: int) -> None:
        for event in waiting:
            sent.append(event)
            await committers[number % 2].add(event)
            await asyncio.sleep(rng.uniform(0, pause_s))

    async def bridge() -> None:
        nonlocal logged
        while logged < count:
            await asyncio.sleep(0.05)
            upto = len(sent)
            await asyncio.to_thread(world.log, sent[logged:upto])
            logged = upto

    async def read() -> None:
        while logged < count:
            found = await world.documents.get_many(COLLECTION, keys)
            profiles = [unpack(document, world.settings).profile for document in found.values()]
            totals.append(sum(sum(profile.counts.values()) for profile in profiles))
            assert totals[-1] <= len(sent)
            await asyncio.sleep(0.003)

    async def refold() -> None:
        nonlocal refolds
        while logged < count:
            try:
                await world.refolder.refold([rng.choice(keys)])
                refolds += 1
            except LogLacksError:
                await asyncio.sleep(0.02)

    world.refolder._looks_s = (0.0, 0.1, 0.2)
    await asyncio.gather(*map(write, range(4)), bridge(), refold(), *([read()] if is_embedded(world) else []))
    assert refolds > 1
    assert totals == sorted(totals)
    await world.refold_what_was_asked()
    records = await world.records()
    assert sum(sum(record.profile.counts.values()) for record in records.values()) == count
    batch = identity.attribute(events, identity.claims_of(events, world.terms))
    for person, theirs in batch.items():
        assert ring_marks(records[person].profile.ring) == {event_mark(event.event_id) for event in theirs}
    assert [person for person, record in records.items() if record.standing.journal] == []
    assert [key async for key, _ in world.documents.scan("journals")] == []
    await rebuild(world, keys)
    assert stored(await world.records()) == {person: folded(world, theirs) for person, theirs in batch.items()}


def folded(world: World, events: Sequence[Event]) -> bytes:
    """The batch formula: all events of a person at once, in the order of time."""
    profile = new_profile(world.settings.half_life)
    fold_all(
        profile,
        sorted(events, key=lambda event: (event.occurred_at, event.consent is None, event.event_id)),
        world.terms,
    )
    return encode_profile(profile)


def named(event: Event) -> list[str]:
    ids = (
        event.user_id and person_key(event.user_id, None),
        event.anonymous_id and person_key(None, event.anonymous_id),
    )
    return [person for person in ids if person]


async def test_late_events_are_included(world: World) -> None:
    events = [make(number, "ann", None, 100 + number) for number in range(CAPS["ring"] + 20)]
    late = [make(9_000 + number, "ann", None, number) for number in range(3)]
    if is_embedded(world):
        for event in events:
            await world.committer.add(event)
    else:
        await asyncio.gather(*map(world.committer.add, events))
    assert [await world.committer.add(event) for event in late] == ["late"] * 3
    world.log([*events, *late])
    refolded = await world.refolder.refold(["u:ann"])
    assert refolded.events == len(events) + len(late)
    assert stored(await world.records()) == {"u:ann": folded(world, [*events, *late])}


async def test_what_the_log_lacks_stops_a_refold_unless_it_is_forced(world: World) -> None:
    events = [make(number, "ann", None, number) for number in range(6)]
    for event in events:
        await world.committer.add(event)
    world.log(events[:4])
    with pytest.raises(LogLacksError, match="lacks 2 events"):
        await world.refolder.refold(["u:ann"])
    records = await world.records()
    assert stored(records) == {"u:ann": folded(world, events)}
    assert records["u:ann"].standing.journal == ""
    forced = await world.refolder.refold(["u:ann"], force=True)
    assert (forced.events, forced.lacking) == (4, 2)
    assert stored(await world.records()) == {"u:ann": folded(world, events[:4])}


async def test_an_unmerge_restores_both_as_if_they_had_never_been_one(world: World) -> None:
    alone = [make(number, "ann", None, number) for number in range(5)]
    device = [make(10 + number, None, "phone", number) for number in range(5)]
    claim = make(20, "ann", "phone", 6, kind="identify")
    later = [make(30 + number, None, "phone", 10 + number) for number in range(5)]
    after = [make(40 + number, None, "phone", 20 + number) for number in range(3)]
    for event in [*alone, *device, claim, *later]:
        await world.committer.add(event)
    assert (await world.records())["u:ann"].profile.counts == {"item_view": 15, "identify": 1}
    world.log([*alone, *device, claim, *later])
    assert await world.committer.unmerge("ann", "phone")
    await world.refold_what_was_asked()
    for event in [*after, msgspec.structs.replace(claim, event_id="e50")]:  # which claims it once more
        await world.committer.add(event)
    expected = {
        "u:ann": folded(world, [*alone, claim, msgspec.structs.replace(claim, event_id="e50")]),
        "a:phone": folded(world, [*device, *later, *after]),
    }
    assert stored(await world.records()) == expected
    world.log([*after, msgspec.structs.replace(claim, event_id="e50")])
    await rebuild(world, ["a:phone", "u:ann"])
    assert stored(await world.records()) == expected


async def test_a_changed_half_life_reaches_old_profiles(world: World) -> None:
    events = [make(number, "ann", None, 600 * number) for number in range(20)]
    for event in events:
        await world.committer.add(event)
    world.log(events)
    shorter = World(world.documents, world.warehouse, Settings(half_life_days=2.0))
    await shorter.refolder.refold(["u:ann"])
    assert stored(await world.records()) == {"u:ann": folded(shorter, events)}
    assert folded(shorter, events) != folded(world, events)
