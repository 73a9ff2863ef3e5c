"""Identity over real stores: in whatever order events arrive, they end with the person whose they are."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import RetryableError
from shared.events.event import Event, person_key
from shared.profiles.commit import Committer
from shared.profiles.identity import claims_of
from shared.profiles.profile import decode_profile, encode_profile, new_profile, to_ms
from shared.profiles.standing import Link, Standing
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.ports import Document
from tests.e2e.committing import BACKENDS, START, World, expected, fold_all, world

T = TypeVar("T")


@pytest.fixture(params=BACKENDS)
async def here(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "gcp":
        request.getfixturevalue("on_emulators")
    async with world(request.param, tmp_path) as made:
        yield made


def make(number: int, minute: float, user: str | None, device: str | None = "X") -> Event:
    return Event(
        event_id=f"e{number}-{device}",
        kind="item_view",
        occurred_at=START + timedelta(minutes=minute),
        user_id=user,
        anonymous_id=device,
        item_ids=(f"i{number % 5}",),
        category=f"c{number % 2}",
    )


def story(tag: str) -> list[Event]:
    """A device before, between and after the logins of two users, and a user's event elsewhere."""
    ann, bob, device = f"ann-{tag}", f"bob-{tag}", f"X-{tag}"
    return [
        make(1, 0, None, device),
        make(2, 5, None, device),
        make(3, 10, ann, device),
        make(4, 20, None, device),
        make(5, 30, bob, device),
        make(6, 40, None, device),
    ]


def at_ms(minute: float) -> int:
    return to_ms(START + timedelta(minutes=minute))


async def deliver_all(instance: Committer, events: list[Event]) -> list[str]:
    return [await instance.add(event) for event in events]


async def check(here: World, tag: str, events: list[Event]) -> None:
    """After the refolds that were asked for, every document is that of the set."""
    await here.refold(events, [f"X-{tag}"], here.topics.refolds)
    here.topics.taken.clear()
    wanted = expected(events, here.settings)
    assert await here.states(wanted) == wanted
    device = await here.standing(f"a:X-{tag}")
    assert device.claims == {f"ann-{tag}": at_ms(10), f"bob-{tag}": at_ms(30)}
    assert (await here.standing(f"u:ann-{tag}")).merged == {f"X-{tag}": Link(at_ms(10), at_ms(30))}
    assert (await here.standing(f"u:bob-{tag}")).merged == {}
    assert [(await here.standing(person)).outbox for person in wanted] == [[]] * len(wanted)


async def test_every_order_of_arrival_ends_the_same(here: World) -> None:
    orders = list(itertools.permutations(range(6)))
    if here.settings.backend == "gcp":
        orders = random.Random(1).sample(orders, 60)
    instance = here.instance()
    for order in orders:
        tag = "".join(map(str, order))
        events = story(tag)
        outcomes = await deliver_all(instance, [events[place] for place in order])
        assert outcomes == ["applied"] * 6
        await check(here, tag, events)


async def test_every_order_ends_the_same_through_several_instances_at_once(here: World) -> None:
    rng = random.Random(2)
    instances = [here.instance() for _ in range(3)]
    for number in range(20):
        events = story(f"{number}")
        deliveries = rng.sample(events + rng.sample(events, 3), 9)
        asked = await asyncio.gather(*(until_done(partial(rng.choice(instances).add, event)) for event in deliveries))
        assert "applied" in asked
        await check(here, f"{number}", events)


async def until_done(work: Callable[[], Awaitable[T]]) -> T:
    """As Pub/Sub would."""
    while True:
        try:
            return await work()
        except RetryableError:
            await asyncio.sleep(0.01)


async def test_a_first_claim_moves_the_state_at_once(here: World) -> None:
    instance = here.instance()
    before, claim, after = make(1, 0, None), make(2, 5, "ann"), make(3, 9, None)
    assert await deliver_all(instance, [before, claim, after]) == ["applied"] * 3
    wanted = expected([before, claim, after], here.settings)
    assert await here.states(wanted) == wanted
    assert here.topics.taken == []
    face = await here.documents.get("profiles", "a:X")
    assert face is not None
    assert (face.fields["merged_into"], face.fields["events"]) == ("ann", 0)
    assert await deliver_all(here.instance(), [before, claim, after]) == ["duplicate"] * 3


async def test_what_it_costs(here: World) -> None:
    """Documents read and written: one of each where all is known, one more read for what a claimed device sends."""
    instance = here.instance()
    counts = here.documents.counts
    costs = []
    for event in (
        make(1, 0, None),  # a stranger: two reads, for the tombstone
        make(2, 1, None),
        make(3, 5, "ann"),  # user and tombstone, device, whether the device is a user
        make(4, 6, "ann"),
        make(5, 7, None),  # device, then user
        make(6, 8, "ann", None),
    ):
        counts.clear()
        await instance.add(event)
        costs.append((counts["reads"], counts["writes"]))
    assert costs == [(2, 1), (1, 1), (4, 2), (1, 1), (2, 1), (1, 1)]


@pytest.mark.parametrize("instances", [1, 4])
async def test_a_device_that_is_being_taken_over_loses_and_doubles_nothing(here: World, instances: int) -> None:
    """16 writers deliver anonymous events, some twice, while the user logs in."""
    committers = [here.instance() for _ in range(instances)]
    so_far: list[Event] = []
    for number in range(3):
        device, rng = f"D{number}", random.Random(number)
        anonymous = [make(place, place * 1.7, None, device) for place in range(60)]
        events = anonymous + [make(100 + place, 30 + place, "ann", device) for place in range(6)]
        late = events[20:] + rng.sample(events, 30)
        outcomes = await write_all(committers, anonymous[:20] + rng.sample(late, len(late)))
        assert outcomes == {"applied": len(events), "duplicate": 30}
        assert here.topics.taken == []
        so_far += events
        wanted = expected(so_far, here.settings)
        assert await here.states(wanted) == wanted


async def write_all(committers: Sequence[Committer], deliveries: Sequence[Event]) -> Counter[str]:
    queue, outcomes = iter(deliveries), Counter[str]()

    async def write(committer: Committer) -> None:
        for event in queue:
            outcomes[await until_done(partial(committer.add, event))] += 1

    await asyncio.gather(*(write(committers[place % len(committers)]) for place in range(16)))
    return outcomes


async def test_an_unmerge_gives_both_back_what_is_theirs(here: World) -> None:
    """Later events included: the device's go to the device from now on."""
    instance = here.instance()
    events = [make(1, 0, None), make(2, 5, "ann"), make(3, 9, None)]
    await deliver_all(instance, events)
    assert await instance.unmerge("ann", "X")
    assert not await instance.unmerge("ann", "X")
    assert not await instance.unmerge("bob", "X")
    [asked] = here.topics.refolds
    assert (asked.persons, asked.why) == (["a:X", "u:ann"], "unmerge")
    later = [make(4, 20, None), make(5, 21, "ann"), make(6, 22, None)]
    assert await deliver_all(instance, later) == ["applied"] * 3
    await here.refold(events + later, ["X"], [asked])
    device = await here.standing("a:X")
    assert device.revoked == ["ann"]
    assert (await here.standing("u:ann")).merged == {}
    wanted = fold_all(events + later, {"X": device}, here.terms, here.settings)
    assert await here.states(wanted) == wanted
    assert set(wanted) == {"a:X", "u:ann"}


async def test_a_device_that_was_taken_back_goes_to_the_next_user_by_a_refold(here: World) -> None:
    """What its first user has of it is not in its state yet when the second comes."""
    instance = here.instance()
    events = [make(1, 0, None), make(2, 5, "ann"), make(3, 9, "bob")]
    await deliver_all(instance, events[:2])
    await instance.unmerge("ann", "X")
    await instance.add(events[2])
    assert [refold.persons for refold in here.topics.refolds] == [["a:X", "u:ann"], ["a:X", "u:bob"]]
    await here.refold(events, ["X"], here.topics.refolds)
    wanted = fold_all(events, {"X": await here.standing("a:X")}, here.terms, here.settings)
    assert await here.states(wanted) == wanted
    assert decode_profile(wanted["u:bob"]).counts == {"item_view": 2}


async def test_an_earlier_claim_of_the_same_user_counts(here: World) -> None:
    """It decides who was first, though it changes nothing as long as nobody else has claimed the device."""
    instance = here.instance()
    events = [make(1, 20, "ann"), make(2, 15, "bob"), make(3, 10, "ann"), make(4, 12, None), make(5, 17, None)]
    await deliver_all(instance, events)
    assert (await here.standing("a:X")).claims == {"ann": at_ms(10), "bob": at_ms(15)}
    await here.refold(events, ["X"], here.topics.refolds)
    wanted = expected(events, here.settings)
    assert await here.states(wanted) == wanted


async def test_an_event_on_its_way_to_a_user_who_loses_the_device_comes_back(tmp_path: Path) -> None:
    """Another user claims it between the read of the device and that of its owner, and is refolded at once."""
    async with world("embedded", tmp_path) as here:
        await deliver_all(here.instance(), [make(1, 5, "ann"), make(2, 6, None)])
        documents = Interrupted(tmp_path / "data" / "documents.sqlite", timedelta(seconds=5))
        late, bob = make(3, 40, None), make(4, 30, "bob")
        documents.before_user = partial(here.instance().add, bob)
        committer = Committer(documents, here.topics, here.terms, here.settings, here.clock)
        assert await committer.add(late) == "applied"
        wanted = expected([make(1, 5, "ann"), make(2, 6, None), late, bob], here.settings)
        assert await here.states(wanted) == wanted
        await documents.close()


class Interrupted(EmbeddedDocuments):
    """The embedded documents; something happens just before a user's document is read."""

    before_user: Callable[[], Awaitable[object]] | None = None

    async def get(self, collection: str, key: str, fields: Sequence[str] | None = None) -> Document | None:
        if key.startswith("u:") and (act := self.before_user):
            self.before_user = None
            await act()
        return await super().get(collection, key, fields)


async def test_more_devices_than_allowed_stay_by_themselves(here: World) -> None:
    instance = here.instance(settings=msgspec.structs.replace(here.settings, max_merges=2))
    events = [make(1, 0, None, f"D{number}") for number in range(4)]
    events += [make(2, 1 + number, "ann", f"D{number}") for number in range(4)]
    assert await deliver_all(instance, events) == ["applied"] * 8
    assert set((await here.standing("u:ann")).merged) == {"D0", "D1"}
    devices = {f"D{number}": await here.standing(f"a:D{number}") for number in range(4)}
    assert [device.revoked for device in devices.values()] == [[], [], ["ann"], ["ann"]]
    wanted = fold_all(events, devices, here.terms, here.settings)
    assert await here.states(wanted) == wanted


async def test_two_known_users_never_merge(here: World) -> None:
    """An alias whose previous id is a known user's, and whose anonymous namesake has acted, hands nothing over."""
    instance = here.instance()
    events = [make(1, 0, "bob", None), make(2, 1, None, "bob")]
    alias = msgspec.structs.replace(make(3, 5, "ann", "bob"), kind="alias", item_ids=(), category=None)
    assert await deliver_all(instance, [*events, alias]) == ["applied"] * 3
    device = await here.standing("a:bob")
    assert device.revoked == ["ann"]
    wanted = fold_all([*events, alias], {"bob": device}, here.terms, here.settings)
    assert await here.states(wanted) == wanted
    assert set(wanted) == {"u:ann", "u:bob", "a:bob"}


async def test_a_device_claimed_by_many_is_nobodys(here: World) -> None:
    instance = here.instance()
    events = [make(1, 0, None), *(make(2 + number, 1 + number, f"user-{number}") for number in range(4))]
    await deliver_all(instance, events)
    assert [refold.persons for refold in here.topics.refolds] == [["a:X", "u:user-0"], ["a:X", "u:user-0"]]
    await here.refold(events, ["X"], here.topics.refolds)
    wanted = expected(events, here.settings)
    assert await here.states(wanted) == wanted
    assert (await here.standing("u:user-0")).merged == {}


async def test_unlike_states_are_not_added(here: World) -> None:
    events = [make(1, 0, None), make(2, 5, "ann")]
    await here.instance(settings=msgspec.structs.replace(here.settings, half_life_days=3.0)).add(events[0])
    await here.instance().add(events[1])
    [asked] = here.topics.refolds
    assert (asked.persons, asked.why) == (["a:X", "u:ann"], "unlike")
    await here.refold(events, ["X"], [asked])
    wanted = expected(events, here.settings)
    assert await here.states(wanted) == wanted


async def test_an_event_that_comes_again_with_a_user_counts_once_after_the_refold(here: World) -> None:
    """A sender that identifies what it sends again: the states share an event and must not be added."""
    first = make(1, 0, None)
    again = msgspec.structs.replace(first, user_id="ann", occurred_at=first.occurred_at)
    await deliver_all(here.instance(), [first, msgspec.structs.replace(again, anonymous_id=None), make(2, 5, "ann")])
    [asked] = here.topics.refolds
    assert asked.why == "unlike"


async def test_nothing_moves_while_a_refold_is_under_way(here: World) -> None:
    instance = here.instance()
    await instance.add(make(1, 0, None))
    record = await here.record("a:X")
    record.standing.journal = "j1"
    await here.put("a:X", record)
    await instance.add(make(2, 5, "ann"))
    [asked] = here.topics.refolds
    assert (asked.persons, asked.why) == (["a:X", "u:ann"], "refold")
    assert encode_profile((await here.record("a:X")).profile) == encode_profile(record.profile)


async def test_who_does_not_consent_claims_nothing(here: World) -> None:
    instance = here.instance()
    login = msgspec.structs.replace(make(2, 5, "ann"), consent=("advertising",))
    assert await deliver_all(instance, [make(1, 0, None), login]) == ["applied", "no_consent"]
    assert (await here.standing("a:X")).claims == {}
    profile = (await here.record("u:ann")).profile
    assert (profile.counts, profile.consent.is_withdrawn) == ({}, True)


who_and_where = st.sampled_from(
    [(None, "d0")] * 4
    + [("u0", "d0"), ("u0", "d0"), ("u1", "d0"), ("u2", "d0"), ("u3", "d0")]
    + [("u0", None), (None, "d1"), ("u0", "d1"), ("u1", "d1")]
)
rows = st.lists(st.tuples(st.integers(0, 15), who_and_where), min_size=3, max_size=14)
unmerges = st.lists(st.tuples(st.integers(2, 10), st.sampled_from(["u0", "u1"])), max_size=3)


@given(found=rows, taken_back=unmerges, rng=st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_interleaving_of_events_claims_and_unmerges(
    found: list[tuple[int, tuple[str | None, str | None]]],
    taken_back: list[tuple[int, str]],
    rng: random.Random,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    events = [make(number, minute, *who) for number, (minute, who) in enumerate(found)]

    async def run() -> None:
        async with world("embedded", tmp_path_factory.mktemp("any")) as here:
            await interleave(here, events, taken_back, rng)

    asyncio.run(run())


async def interleave(here: World, events: list[Event], taken_back: list[tuple[int, str]], rng: random.Random) -> None:
    """Through two instances, some of it at once; then the refolds. Every document is that of the set and the claims."""
    instances = [here.instance(), here.instance()]
    again = rng.sample(events, len(events) // 2)
    group: list[asyncio.Future[object]] = []
    for place, event in enumerate(rng.sample(events + again, len(events + again))):
        group.append(asyncio.ensure_future(until_done(partial(rng.choice(instances).add, event))))
        for when, user in taken_back:
            if when == place:
                group.append(asyncio.ensure_future(until_done(partial(rng.choice(instances).unmerge, user, "d0"))))
        if rng.random() < 0.5:
            await asyncio.gather(*group)
    await asyncio.gather(*group)
    await here.refold(events, ["d0", "d1"], here.topics.refolds)
    devices = {name: await here.standing(person_key(None, name)) for name in ("d0", "d1")}
    wanted = fold_all(events, devices, here.terms, here.settings)
    stored = await here.states(wanted)
    nothing = encode_profile(new_profile(here.settings.half_life))
    assert {person: stored.get(person, nothing) for person in wanted} == wanted
    for name, device in devices.items():
        assert device.claims == claims_of(events, here.terms).get(name, Standing()).claims
