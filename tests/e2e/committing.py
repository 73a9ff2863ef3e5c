"""What tests of the Committer share: a place on either backend, topics that remember, a clock, a reference refold."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from shared import wiring
from shared.events.event import Event, person_key
from shared.profiles.commit import Committer
from shared.profiles.fold import Terms, fold, read_terms
from shared.profiles.identity import attribute, claims_of
from shared.profiles.profile import encode_profile, new_profile, to_ms
from shared.profiles.record import COLLECTION, PACKED, Record, pack, unpack
from shared.profiles.refolds import TOPIC, Refold, read_refold
from shared.profiles.standing import Standing
from shared.settings import Settings
from shared.stores.embedded.queue import EmbeddedTopics
from shared.stores.ports import Documents, Message

START = datetime(2026, 1, 1, tzinfo=UTC)
DEADLINE = timedelta(seconds=10)
BACKENDS = ["embedded", "gcp"]


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = START + timedelta(days=1)

    def __call__(self) -> datetime:
        return self.now


class KeptTopics(EmbeddedTopics):
    """The embedded topics; what they took is remembered."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, DEADLINE)
        self.taken: list[tuple[str, Message]] = []

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        await super().publish(topic, messages)
        self.taken += [(topic, message) for message in messages]

    @property
    def refolds(self) -> list[Refold]:
        """What has been asked for."""
        return [read_refold(message.data) for topic, message in self.taken if topic == TOPIC]


class World:
    """Stores of one test, and any number of instances of the Committer on them."""

    def __init__(self, documents: Documents, topics: KeptTopics, settings: Settings) -> None:
        self.documents = documents
        self.topics = topics
        self.settings = settings
        self.clock = Clock()

    @property
    def terms(self) -> Terms:
        return read_terms(self.settings)

    def instance(self, topics: KeptTopics | None = None, settings: Settings | None = None) -> Committer:
        return Committer(self.documents, topics or self.topics, self.terms, settings or self.settings, self.clock)

    async def record(self, person: str) -> Record:
        return unpack(await self.documents.get(COLLECTION, person, PACKED), self.settings)

    async def standing(self, person: str) -> Standing:
        return (await self.record(person)).standing

    async def states(self, people: Iterable[str]) -> dict[str, bytes]:
        """Person → state, of those who have a document."""
        found = await self.documents.get_many(COLLECTION, list(people))
        return {person: bytes(document.fields["state"]) for person, document in found.items()}  # type: ignore[arg-type]

    async def put(self, person: str, record: Record) -> None:
        fields = pack(person, record.profile, record.standing, self.clock(), self.terms.session_cap_ms)
        await self.documents.put(COLLECTION, person, fields, record.version)

    async def refold(self, events: Sequence[Event], devices: Iterable[str], asked: Iterable[Refold]) -> None:
        """Carry out what was asked for, and no more: fold the events of these people under the claims as stored."""
        standings = {name: await self.standing(person_key(None, name)) for name in devices}
        states = fold_all(events, standings, self.terms, self.settings)
        for person in {person for refold in asked for person in refold.persons}:
            record = await self.record(person)
            profile = new_profile(self.settings.half_life)
            fold(profile, _in_order(attribute(events, standings).get(person, ())), self.terms)
            await self.put(person, record._replace(profile=profile))
            assert encode_profile(profile) == states.get(person, encode_profile(new_profile(self.settings.half_life)))


def fold_all(
    events: Sequence[Event], standings: Mapping[str, Standing], terms: Terms, settings: Settings
) -> dict[str, bytes]:
    """Person → state: what the set of events comes to under these claims."""
    states = {}
    for person, theirs in attribute(events, standings).items():
        profile = new_profile(settings.half_life)
        fold(profile, _in_order(theirs), terms)
        states[person] = encode_profile(profile)
    return states


def expected(events: Sequence[Event], settings: Settings) -> dict[str, bytes]:
    """Person → state: what the set of events comes to."""
    terms = read_terms(settings)
    return fold_all(events, claims_of(events, terms), terms, settings)


def _in_order(events: Iterable[Event]) -> list[Event]:
    return sorted({event.event_id: event for event in events}.values(), key=lambda event: to_ms(event.occurred_at))


@asynccontextmanager
async def world(backend: str, folder: Path) -> AsyncIterator[World]:
    """An empty place on the backend; the environment leads to the emulators."""
    settings = Settings(data=str(folder / "data"))
    if backend == "gcp":
        settings = Settings(backend="gcp", project=f"commit-{uuid4().hex[:12]}", store_deadline_ms=10_000.0)
    topics = KeptTopics(folder / "kept.sqlite")
    yield World(wiring.documents(settings), topics, settings)
    await topics.close()
    await wiring.close_all()
