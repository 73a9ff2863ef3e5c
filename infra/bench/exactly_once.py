"""Exactly once: events delivered again and in any order make the same profiles, byte for byte, on both backends."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from infra.bench.figures import Grid, Result, Value
from infra.bench.people import fold_all, simulate
from infra.bench.session import Session
from infra.local.inputs.simulate import Simulation
from shared import wiring
from shared.errors import RetryableError
from shared.events.event import Event, person_of
from shared.profiles.commit import COLLECTION, STATE, Committer
from shared.profiles.fold import is_allowed, read_terms
from shared.profiles.profile import encode_profile
from shared.profiles.standing import NEWCOMER
from shared.settings import Settings
from shared.stores.ports import Documents

SIMULATION = Simulation(users=400, days=30, seed=3)
EVENTS = 20_000
REPEATED = 6_000
INSTANCES, WRITERS = 4, 4
MOST_OF_A_PERSON = 500
"""Below the bounds of a profile, order plays no part at all."""

SETTINGS = Settings()
FIGURES = (
    "delivered",
    "applied",
    "duplicates",
    "other outcomes",
    "delivered again after a failure",
    "profiles",
    "profiles identical",
    "events/s",
    "documents read for each",
    "documents written for each",
)


class Delivered(NamedTuple):
    """What became of the deliveries."""

    outcomes: Counter[str]
    again: int
    seconds: float


def bench(session: Session) -> Result:
    """Counts, for the embedded documents and for Firestore's emulator."""
    gcp = session.settings("bench-exactly-once")
    embedded = Settings(backend="embedded", data=str(session.scratch("exactly-once")))
    session.steps.begin("exactly-once: in order")
    events = make_events()
    deliveries = events + random.Random(1).sample(events, REPEATED)
    random.Random(2).shuffle(deliveries)
    expected = in_order(events)
    columns: dict[str, list[Value]] = {}
    failures = []
    for name, settings in (("embedded", embedded), ("Firestore's emulator", gcp)):
        session.steps.begin(f"exactly-once: {name}", len(deliveries))
        found = columns[name] = asyncio.run(_run(session, settings, deliveries, expected))
        if found[:3] + found[5:7] != [len(deliveries), len(events), REPEATED, len(expected), len(expected)]:
            failures.append(f"{name}: the profiles are not those of single delivery in order")
    rows = [[figure, *(column[place] for column in columns.values())] for place, figure in enumerate(FIGURES)]
    writers = f"{INSTANCES * WRITERS} writers in {INSTANCES} instances"
    note = f"{EVENTS:,} events, {REPEATED:,} of them twice, shuffled; {writers}; identical to single delivery in order."
    return Result([Grid("delivery", ("", *columns), rows)], [note], failures)


def make_events() -> list[Event]:
    """Of a seeded simulation, people with so few events that nothing has to be dropped."""
    events = simulate(SIMULATION, SETTINGS)
    busy = {person for person, number in Counter(map(person_of, events)).items() if number > MOST_OF_A_PERSON}
    terms = read_terms(SETTINGS)
    return [event for event in events if person_of(event) not in busy and is_allowed(event, terms)][:EVENTS]


def in_order(events: Sequence[Event]) -> dict[str, bytes]:
    """State by person after each event was folded once, in the order of time."""
    by_person: dict[str, list[Event]] = {}
    for event in events:
        by_person.setdefault(person_of(event), []).append(event)
    terms = read_terms(SETTINGS)
    return {person: encode_profile(fold_all(own, terms, SETTINGS)) for person, own in by_person.items()}


async def _run(
    session: Session, settings: Settings, deliveries: Sequence[Event], expected: dict[str, bytes]
) -> list[Value]:
    documents = wiring.documents(settings)
    delivered = await _deliver(session, documents, deliveries)
    reads, writes = documents.counts["reads"], documents.counts["writes"]
    stored = {key: document.fields.get(STATE) async for key, document in documents.scan(COLLECTION)}
    await documents.close()
    outcomes, total = delivered.outcomes, len(deliveries)
    identical = sum(stored.get(person) == state for person, state in expected.items())
    others = total - outcomes["applied"] - outcomes["duplicate"]
    counts = [total, outcomes["applied"], outcomes["duplicate"], others, delivered.again, len(stored), identical]
    return [*counts, total / delivered.seconds, reads / total, writes / total]


async def _deliver(session: Session, documents: Documents, deliveries: Sequence[Event]) -> Delivered:
    """Several instances share the store; each groups what waits in it."""
    terms = read_terms(SETTINGS)
    outcomes: Counter[str] = Counter()
    queue: Iterator[Event] = iter(deliveries)
    again = 0

    async def write(committer: Committer) -> None:
        nonlocal again
        for event in queue:
            while True:
                try:
                    outcomes[await committer.add(event)] += 1
                    break
                except RetryableError:  # as Pub/Sub would
                    again += 1
            session.steps.step()

    begun = time.monotonic()
    committers = [Committer(documents, terms, SETTINGS, lambda *_: NEWCOMER, wiring.clock) for _ in range(INSTANCES)]
    await asyncio.gather(*(write(committer) for committer in committers for _ in range(WRITERS)))
    return Delivered(outcomes, again, time.monotonic() - begun)
