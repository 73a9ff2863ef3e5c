"""Personas as time goes by: who falls silent is found and told of once, whoever writes at the same time."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import msgspec
import pytest
from google.cloud.pubsub_v1 import SubscriberClient

from infra.local import pubsub
from infra.local.embedded import load, push_body
from infra.local.layout import FUNCTIONS
from infra.recipes.persona_webhook import Webhook, make_server
from shared import wiring
from shared.errors import RetryableError
from shared.events.event import Event, encode_event
from shared.models.artifact import pack_model
from shared.models.personas import PersonaModel
from shared.profiles.record import COLLECTION, STANDING, Record, unpack
from shared.profiles.standing import Note, Quarantine, Standing, encode_standing
from shared.profiles.sweep import AT_ONCE, Sweep
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.lanes import Delivery
from shared.stores.ports import Message
from shared.tracing import ATTRIBUTE
from tests.contract.subscribers import Subscriber, subscribe

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TOPIC = "persona-changes"
SILENCE = PersonaModel(
    "k1", ["recency_days"], [False], [0.0], [1.0], [[0.0], [30.0]], ["regular", "disengaged"], [1, 1]
)
STEPS = PersonaModel(
    "k1",
    ["page_views"],
    [False],
    [0.0],
    [1.0],
    [[0.0], [20.0], [40.0], [60.0]],
    ["one", "two", "three", "four"],
    [1] * 4,
)
"""Whoever opens page after page goes from one to four."""


class World:
    """Functions on one backend, and a clock that can be put forward."""

    def __init__(self) -> None:
        self.now = START
        self.documents = wiring.documents(wiring.settings())
        self.topics = wiring.topics(wiring.settings())

    def start(self, name: str) -> httpx.AsyncClient:
        """A fresh instance of a function."""
        [function] = [function for function in FUNCTIONS if function.name == name]
        return httpx.AsyncClient(transport=httpx.ASGITransport(load(function)), base_url="http://attune.test")

    async def publish(self, model: PersonaModel) -> None:
        key, fields = pack_model("personas", model.version, model)
        await self.documents.merge("models", {key: fields, "current": {"personas": model.version}})

    async def deliver(self, client: httpx.AsyncClient, event: Event) -> None:
        """As Pub/Sub: until it is acknowledged."""
        message = {"data": b64encode(encode_event(event)).decode(), "messageId": "1"}
        while (await client.post("/", json={"message": message, "subscription": "s"})).status_code != 204:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def sweep(self) -> dict[str, int]:
        async with self.start("sweep") as client:
            answer = await client.post("/v1/sweep")
        assert answer.status_code == 200
        counts: dict[str, int] = answer.json()
        return counts

    async def record(self, person: str) -> Record:
        return unpack(await self.documents.get(COLLECTION, person), wiring.settings())


@pytest.fixture(params=["embedded", "gcp"])
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    project = f"test-{uuid4().hex[:12]}"
    if request.param == "gcp":
        request.getfixturevalue("on_emulators")
    monkeypatch.setenv("ATTUNE_BACKEND", request.param)
    monkeypatch.setenv("ATTUNE_DATA", str(tmp_path))
    monkeypatch.setenv("ATTUNE_PROJECT", project)
    monkeypatch.setenv("ATTUNE_STORE_DEADLINE_MS", "60000")  # an emulator's first answer takes its time
    monkeypatch.setenv("ATTUNE_BOTS", "off")  # nobody here behaves like a person
    wiring.settings.cache_clear()
    if request.param == "gcp":
        pubsub.create_topics(project)
    found = World()
    monkeypatch.setattr(wiring, "clock", lambda: found.now)
    yield found
    await wiring.close_all()
    wiring.settings.cache_clear()


@pytest.fixture
def changes(world: World) -> Subscriber:
    return subscribe(wiring.settings(), TOPIC, f"told-{uuid4().hex[:8]}")


END = Message(b"{}", "", {"end": "1"})
"""Published last, to know that nothing comes after."""


def page(number: int, user_id: str = "ann", at: datetime = START) -> Event:
    return Event(event_id=f"{user_id}-{number}", kind="page_view", occurred_at=at, user_id=user_id)


class Told(NamedTuple):
    """A message of the topic."""

    change: dict[str, Any]
    attributes: dict[str, str]


async def told(changes: Subscriber, count: int) -> list[Told]:
    """So many messages, and no more after them: what else there is would be read with a last one of our own."""
    messages = await changes.read(count)
    await wiring.topics(wiring.settings()).publish(TOPIC, [END])
    while END not in messages:
        messages += await changes.read(1)
    found = [message for message in messages if message != END]
    said = [{name: text for name, text in message.attributes.items() if name != ATTRIBUTE} for message in found]
    return [Told(msgspec.json.decode(message.data), told) for message, told in zip(found, said, strict=True)]


def chain(found: Sequence[Told], person: str = "u:ann") -> list[str]:
    """The personas that somebody had one after the other; each change must begin where another ended."""
    steps = {told.change["from"]: told.change["to"] for told in found if told.change["user"] == person}
    path = ["newcomer"]
    while path[-1] in steps:
        path.append(steps.pop(path[-1]))
    assert not steps
    return path


async def test_silence_is_found_and_told_once(world: World, changes: Subscriber) -> None:
    await world.publish(SILENCE)
    async with world.start("update_profile") as client:
        await world.deliver(client, page(1))
        world.now = START + 30 * DAY
        await world.deliver(client, page(2, "bob", world.now))
        world.now = START
    assert await world.sweep() == {"profiles": 2, "changed": 0, "left": 0, "unreadable": 0}
    world.now = START + 40 * DAY
    assert await world.sweep() == {"profiles": 2, "changed": 1, "left": 0, "unreadable": 0}
    assert await world.sweep() == {"profiles": 2, "changed": 0, "left": 0, "unreadable": 0}
    found = await told(changes, 3)
    assert len(found) == 3
    [silent] = [told for told in found if told.attributes["cause"] == "silence"]
    assert silent.attributes == {"from": "regular", "to": "disengaged", "cause": "silence", "advertising": "no"}
    assert silent.change["why"] == {
        "cause": "silence",
        "features": ["40.0 days since the last act"],
        "margin": 0.75,
    }
    assert (silent.change["user_id"], silent.change["at"]) == ("ann", "2026-02-10T00:00:00Z")
    document = await world.documents.get(COLLECTION, "u:ann")
    assert document is not None
    assert document.fields["persona"] == "disengaged"
    assert (await world.record("u:ann")).standing.outbox == []


async def test_whoever_comes_back_is_told_of_again(world: World, changes: Subscriber) -> None:
    await world.publish(SILENCE)
    async with world.start("update_profile") as client:
        await world.deliver(client, page(1))
        world.now += 40 * DAY
        await world.sweep()
        await world.deliver(client, page(2, at=world.now))
        world.now += 40 * DAY
        await world.sweep()
    found = await told(changes, 4)
    assert [(t.change["from"], t.change["to"]) for t in sorted(found, key=lambda t: str(t.change["at"]))] == [
        ("newcomer", "regular"),
        ("regular", "disengaged"),
        ("disengaged", "regular"),
        ("regular", "disengaged"),
    ]
    assert len({told.change["change_id"] for told in found}) == 4


async def test_sixteen_writers_tell_each_change_once(world: World, changes: Subscriber) -> None:
    """Sixteen instances, each with its share of one person's events and every third of them twice."""
    await world.publish(STEPS)
    instances = [world.start("update_profile") for _ in range(16)]
    events = [page(number, at=START - timedelta(minutes=number)) for number in range(64)]

    async def write(index: int) -> None:
        for event in events[index::16] + events[index::3]:
            await world.deliver(instances[index], event)

    await asyncio.gather(*map(write, range(16)))
    profile, standing, _ = await world.record("u:ann")
    assert (profile.counts, standing.persona, standing.outbox) == ({"page_view": 64}, "four", [])
    found = await told(changes, standing.persona_changes)
    assert len(found) == len({told.change["change_id"] for told in found}) == standing.persona_changes
    assert chain(found)[-1] == "four"


async def test_sweeps_and_events_at_once_tell_each_change_once(world: World, changes: Subscriber) -> None:
    await world.publish(SILENCE)
    people = [f"p{number}" for number in range(12)]
    async with world.start("update_profile") as client:
        await asyncio.gather(*(world.deliver(client, page(1, person)) for person in people))
        world.now = START + 40 * DAY
        late = (world.deliver(client, page(2, person, START + timedelta(hours=1))) for person in people)
        answers = await asyncio.gather(*(world.sweep() for _ in range(4)), *late)
    assert all(answer["left"] == 0 for answer in answers if answer)
    found = await told(changes, 24)
    assert len(found) == len({told.change["change_id"] for told in found}) == 24
    assert {tuple(chain(found, f"u:{person}")) for person in people} == {("newcomer", "regular", "disengaged")}


async def test_nobody_at_rest_is_settled(world: World) -> None:
    await world.publish(SILENCE)
    standings = {
        "u:quarantined": Standing(persona="regular", quarantine=Quarantine(1, 9.0, [], "score")),
        "u:erased": Standing(persona="regular", erased_ms=4_000_000_000_000),
        "a:merged": Standing(persona="regular", claims={"ann": 1}),
    }
    await world.documents.merge(COLLECTION, {key: {STANDING: encode_standing(s)} for key, s in standings.items()})
    assert await world.sweep() == {"profiles": 3, "changed": 0, "left": 0, "unreadable": 0}


async def test_what_a_dead_instance_left_is_told_by_the_sweep(world: World, changes: Subscriber) -> None:
    """It wrote the change and died before it could publish. Its person is silent: no event will."""
    await world.publish(SILENCE)
    note = Note("c1", TOPIC, b'{"change_id":"c1"}', {"to": "regular"}, 1_700_000_000_000, "gone")
    async with world.start("update_profile") as client:
        await world.deliver(client, page(1))
    assert len(await told(changes, 1)) == 1
    _, standing, version = await world.record("u:ann")
    document = await world.documents.get(COLLECTION, "u:ann")
    assert document is not None
    standing.outbox.append(note)
    await world.documents.put(COLLECTION, "u:ann", {**document.fields, STANDING: encode_standing(standing)}, version)
    assert (await world.sweep())["changed"] == 0
    assert [told.change for told in await told(changes, 1)] == [{"change_id": "c1"}]
    assert (await world.record("u:ann")).standing.outbox == []


async def test_an_unreadable_profile_hides_no_other(world: World) -> None:
    await world.publish(SILENCE)
    async with world.start("update_profile") as client:
        await world.deliver(client, page(1))
    await world.documents.merge(COLLECTION, {"u:a": {"state": b"x"}, "u:z": {"state": b"x"}})
    world.now += 40 * DAY
    assert await world.sweep() == {"profiles": 3, "changed": 1, "left": 0, "unreadable": 2}


async def test_other_routes_and_methods(world: World) -> None:
    async with world.start("sweep") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/v1/sweep")).status_code == 405
        assert (await client.post("/v1/else")).status_code == 404


@pytest.fixture
async def many(tmp_path: Path) -> AsyncIterator[EmbeddedDocuments]:
    documents = EmbeddedDocuments(tmp_path / "documents.sqlite", timedelta(seconds=5))
    await documents.merge(COLLECTION, {f"u:{n}": {STANDING: encode_standing(Standing())} for n in range(1_300)})
    yield documents
    await documents.close()


async def test_a_sweep_holds_few_and_a_broken_one_is_made_up_for(many: EmbeddedDocuments) -> None:
    """Broken off by a cancelled request again and again; each is settled once in the end."""
    settled: list[str] = []
    running = most = 0

    async def settle(person: str) -> bool:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0)
        settled.append(person)
        document = await many.get(COLLECTION, person)
        assert document is not None
        told = {STANDING: encode_standing(Standing(persona="disengaged"))}
        await many.put(COLLECTION, person, told, document.version)
        running -= 1
        return True

    def sweep() -> Sweep:
        return Sweep(many, wiring.settings(), lambda record: record.standing.persona == "newcomer", settle)

    for goal in range(150, 900, 150):
        begun = asyncio.create_task(sweep().run())
        while len(settled) < goal:  # noqa: ASYNC110
            await asyncio.sleep(0)
        begun.cancel()
        await asyncio.gather(begun, return_exceptions=True)
        running = 0
    before = len(settled)
    counts = await sweep().run()
    assert counts == {"profiles": 1_300, "changed": len(settled) - before, "left": 0, "unreadable": 0}
    assert len(set(settled)) == 1_300
    assert len(settled) <= 1_300 + 5 * AT_ONCE  # those in flight when it was broken off
    assert most <= AT_ONCE


async def test_who_cannot_be_written_now_is_left_to_the_next(many: EmbeddedDocuments) -> None:
    async def settle(person: str) -> bool:
        if person.endswith("7"):
            raise RetryableError("contended")
        return True

    counts = await Sweep(many, wiring.settings(), lambda _: True, settle).run()
    assert counts == {"profiles": 1_300, "changed": 1_170, "left": 130, "unreadable": 0}


RE_ENGAGE = 'attributes.cause = "silence" AND attributes.to = "disengaged"'


class Hook(NamedTuple):
    """The recipe's webhook, running: its address, what it acted upon, and the changes it was sent."""

    url: str
    acted: list[Mapping[str, Any]]
    sent: list[str]


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    acted: list[Mapping[str, Any]] = []
    sent: list[str] = []
    keep = Webhook.keep

    def count(self: Webhook, change_id: str, change: Mapping[str, Any]) -> None:
        keep(self, change_id, change)
        sent.append(change_id)  # in several threads

    monkeypatch.setattr(Webhook, "keep", count)
    with make_server("127.0.0.1", 0, tmp_path / "changes.sqlite", acted.append) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield Hook(f"http://127.0.0.1:{server.server_port}", acted, sent)
        server.shutdown()
        thread.join()


@asynccontextmanager
async def pushed(url: str) -> AsyncIterator[None]:
    """A push subscription of the topic that leads there, with the recipe's filter where there is Pub/Sub."""
    settings = wiring.settings()
    if settings.backend == "gcp":
        project = f"projects/{settings.project}"
        wanted = {"push_config": {"push_endpoint": url}, "filter": RE_ENGAGE, "ack_deadline_seconds": 60}
        names = {"name": f"{project}/subscriptions/re-engage", "topic": f"{project}/topics/{TOPIC}"}
        with SubscriberClient() as subscriber:
            subscriber.create_subscription(request=names | wanted)
            yield
            subscriber.delete_subscription(subscription=names["name"])
        return
    queue = wiring.queue(settings)
    queue.declare(TOPIC, "re-engage")
    async with httpx.AsyncClient() as client:

        async def push(chunk: Sequence[Delivery]) -> list[bool]:
            answers = [await client.post(url, content=push_body("re-engage", delivery)) for delivery in chunk]
            return [answer.is_success for answer in answers]

        async def consume() -> None:
            while True:  # another reader of the queue drains it for all
                await queue.consume("re-engage", push)

        consuming = asyncio.create_task(consume())
        yield
        consuming.cancel()
        await asyncio.gather(consuming, return_exceptions=True)


async def test_a_webhook_is_told_of_each_silence_once(world: World, changes: Subscriber, hook: Hook) -> None:
    """The emulator sends what the filter would keep back, too; the real service does not."""
    await world.publish(SILENCE)
    async with pushed(hook.url), world.start("update_profile") as client:
        await world.deliver(client, page(1))
        world.now = START + 30 * DAY
        await world.deliver(client, page(2, "bob", world.now))
        world.now = START + 40 * DAY
        for _ in range(3):
            await world.sweep()
        everything = await changes.read(3)
        [silence] = [message for message in everything if message.attributes["cause"] == "silence"]
        await world.topics.publish(TOPIC, everything)  # Pub/Sub may deliver again
        change = msgspec.json.decode(silence.data)
        while hook.sent.count(change["change_id"]) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert [acted for acted in hook.acted if acted["why"]["cause"] == "silence"] == [change]
    assert len({acted["change_id"] for acted in hook.acted}) == len(hook.acted)


async def test_a_webhook_that_fails_is_told_again(tmp_path: Path) -> None:
    """What could not be acted upon is not remembered as done."""
    change = {"change_id": "c1", "user": "u:ann"}
    body = {"message": {"data": b64encode(msgspec.json.encode(change)).decode()}}
    acted: list[Mapping[str, Any]] = []

    def act(change: Mapping[str, Any]) -> None:
        acted.append(change)
        if len(acted) == 1:
            raise ConnectionError("the mail server is away")

    with make_server("127.0.0.1", 0, tmp_path / "changes.sqlite", act) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = Thread(target=server.serve_forever)
        thread.start()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.server_port}") as client:
            with pytest.raises(httpx.RemoteProtocolError):
                await client.post("/", json=body)
            assert [(await client.post("/", json=body)).status_code for _ in range(2)] == [204, 204]
            assert (await client.post("/", json={"message": {}})).status_code == 400
        server.shutdown()
        thread.join()
    assert acted == [change, change]
