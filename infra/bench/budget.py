"""Budget: documents read and written for an event and for a recommendation, as the stores count them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import TypeVar

import msgspec

from infra.bench import stored
from infra.bench.catalogue import make_catalogue
from infra.bench.figures import Grid, Result, Value
from infra.bench.people import People, make_people
from infra.bench.session import Session
from shared import wiring
from shared.events.event import Event
from shared.models.blend import BlendModel
from shared.models.catalogue import Catalogue
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.registry import Registry
from shared.profiles.commit import Committer
from shared.ranking.recommend import Recommender
from shared.ranking.request import Wish
from shared.settings import Settings
from shared.stores.ports import Documents

T = TypeVar("T")

COLUMNS = ("store", "operation", "operations", "reads each", "writes each", "reads allowed", "writes allowed")
GROUP = 16
HOUR = timedelta(hours=1)
N = 10


def bench(session: Session) -> Result:
    """Counts, for both stores."""
    gcp = session.settings("bench-budget")
    embedded = Settings(backend="embedded", data=str(session.scratch("budget")))
    session.steps.begin("budget")
    people = make_people()
    rows: list[list[Value]] = []
    for name, settings in (("embedded", embedded), ("Firestore's emulator", gcp)):
        rows += [[name, *row] for row in asyncio.run(_count(settings, people))]
    failures = [
        f"{row[0]}: {row[1]}: more than {allowed} {what} each"
        for row in rows
        for what, found, allowed in (("reads", row[3], row[5]), ("writes", row[4], row[6]))
        if isinstance(found, float) and isinstance(allowed, int) and found > allowed
    ]
    note = "A recommendation reads the profile, and of the items those that the instance does not yet remember."
    return Result([Grid("budget", COLUMNS, rows)], [note], failures)


async def _count(settings: Settings, people: People) -> list[list[Value]]:
    documents = wiring.documents(settings)
    catalogue = make_catalogue()
    await stored.publish(documents, catalogue)
    await stored.write_profiles(documents, people, catalogue, settings)
    rows = [*await _events(documents, people, settings), *await _recommendations(documents, people, settings)]
    await documents.close()
    return rows


async def _events(documents: Documents, people: People, settings: Settings) -> list[list[Value]]:
    committer = Committer(documents, wiring.topics(settings), people.terms, settings, wiring.clock)
    last = [events[-1] for events in people.events.values()]

    async def together(event: Event) -> None:
        await asyncio.gather(*(committer.add(_later(event, number)) for number in range(1, GROUP + 1)))

    return [
        await _each(documents, "new event", last, lambda event: committer.add(_later(event, 0)), (1, 1)),
        await _each(documents, "the same event again", last, lambda event: committer.add(_later(event, 0)), (1, 0)),
        await _each(documents, f"{GROUP} events of a person at once", last, together, (2, 2)),
    ]


async def _recommendations(documents: Documents, people: People, settings: Settings) -> list[list[Value]]:
    registry = Registry(
        documents, HOUR, wiring.clock, personas=PersonaModel, popularity=PopularityModel, blend=BlendModel
    )
    await registry.get("personas", PersonaModel)
    catalogue = Catalogue(documents, settings.item_cache, HOUR, wiring.clock)
    recommender = Recommender(documents, registry, catalogue, people.terms, settings, wiring.clock)
    known, strangers = [f"u:{user}" for user in people.events], [f"u:stranger-{number}" for number in range(100)]

    def answer(person: str) -> Awaitable[object]:
        return recommender.answer(person, Wish(n=N))

    return [
        await _each(documents, "recommendation, new instance", known, answer, (None, 0)),
        await _each(documents, "recommendation, items remembered", known, answer, (1, 0)),
        await _each(documents, "recommendation for a stranger", strangers, answer, (1, 0)),
    ]


async def _each(
    documents: Documents,
    name: str,
    subjects: Iterable[T],
    operation: Callable[[T], Awaitable[object]],
    allowed: tuple[int | None, int],
) -> list[Value]:
    """Do it for each, one after the other, and count the documents."""
    before, number = documents.counts.copy(), 0
    for subject in subjects:
        await operation(subject)
        number += 1
    reads, writes = (documents.counts[kind] - before[kind] for kind in ("reads", "writes"))
    return [name, number, reads / number, writes / number, *allowed]


def _later(event: Event, number: int) -> Event:
    at = event.occurred_at + timedelta(seconds=number)
    return msgspec.structs.replace(event, event_id=f"later-{number}", occurred_at=at)
