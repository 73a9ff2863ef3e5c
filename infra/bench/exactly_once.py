"""Exactly once: events delivered again, late, in any order, to writers that are killed, make the same profiles."""

import asyncio
from typing import NamedTuple

from infra.bench.deliveries import DELAY, Deliveries, Scale, make_deliveries
from infra.bench.driver import TOGETHER, WRITERS, Driver, Run
from infra.bench.figures import Grid, Result, Value
from infra.bench.session import Session
from infra.bench.verdict import Verdict, judge
from shared import wiring
from shared.profiles.record import COLLECTION, STATE
from shared.settings import Settings

ON_FIRESTORE = 20_000
"""Its emulator is slower than a file."""

DENSE_DAYS = 14
"""A short run covers fewer days: its crowd is still one, and its people still fill profiles."""

KILLED_EVERY = 10_000


NOTES = (
    f"30 % of the deliveries repeat; each comes at its event's time plus up to {DELAY.days} days.",
    f"{WRITERS} writers, each a process with up to {TOGETHER} deliveries in flight, killed at random by SIGKILL.",
    "Delivered again: what a killed writer had not answered, and what found the store contended.",
    "Applied, unsaid: by a writer that was killed before it could say so; the next delivery is a duplicate.",
    "Late: older than the profile remembers. It counts nowhere until a rebuild, and is in the log. Sixty people share",
    "an account, which sends more within seven days than a profile remembers; without it nobody would be late.",
    "Late, perhaps counted: a killed writer said nothing of it, and the next one that it is late.",
    "Of devices: they name no user, and came before or after the event by which a user claims the device.",
    "As the formula: counts by kind and class, revenue, first and last act and sessions are those of all events that",
    "are not late, sorted and summed up without the fold. Exact however many there are.",
    "Identical: byte for byte the profile of single delivery in order, for all of whom no profile drops anything.",
    "Left over: events in profiles of nobody, as of a device that has become a user's.",
    "Embedded: all writers share one SQLite file, wait for its one write lock, and sleep while they do.",
)


class Found(NamedTuple):
    """One backend's run and what is to be said of it."""

    run: Run
    verdict: Verdict


def bench(session: Session) -> Result:
    """Counts, for the embedded documents and for Firestore's emulator."""
    embedded = Settings(data=str(session.scratch("exactly-once")))
    short = min(session.deliveries, ON_FIRESTORE)
    columns: dict[str, list[Value]] = {}
    failures = []
    for name, settings, number in (
        ("embedded", embedded, session.deliveries),
        ("Firestore's emulator", session.settings("bench-exactly-once"), short),
    ):
        session.steps.begin(f"exactly-once: {name}: {number:,} deliveries are made")
        deliveries = make_deliveries(scale_of(number))
        session.steps.begin(f"exactly-once: {name}", number)
        found = asyncio.run(_run(session, settings, deliveries))
        columns[name] = list(figures(found).values())
        failures += [f"{name}: {problem}" for problem in problems(found.verdict, number)]
    rows = [[figure, *(column[place] for column in columns.values())] for place, figure in enumerate(figures(found))]
    return Result([Grid("deliveries", ("", *columns), rows)], NOTES, failures)


def scale_of(deliveries: int) -> Scale:
    return Scale(deliveries) if deliveries > ON_FIRESTORE * 5 else Scale(deliveries, DENSE_DAYS)


async def _run(session: Session, settings: Settings, deliveries: Deliveries) -> Found:
    number = len(deliveries.order)
    kills = max(WRITERS // 2, number // KILLED_EVERY)
    acks = session.scratch("exactly-once") / f"{settings.backend}.acks"
    run = await Driver(deliveries, session.environment(settings), acks, kills).run(session.steps.step)
    session.steps.begin(f"exactly-once: {number:,} deliveries are judged")
    return Found(run, judge(deliveries, run, await read_states(settings)))


async def read_states(settings: Settings) -> dict[str, bytes]:
    """Every profile's packed state by key."""
    documents = wiring.documents(settings)
    stored = {key: document.fields.get(STATE) async for key, document in documents.scan(COLLECTION)}
    await wiring.close_all()
    return {key: state for key, state in stored.items() if isinstance(state, bytes)}


def figures(found: Found) -> dict[str, Value]:
    """What is printed, by name."""
    run, verdict = found
    outcomes = verdict.outcomes
    return {
        "delivered": outcomes.total(),
        "writers killed": run.killed,
        "delivered again, writer killed": len(run.cut_off),
        "delivered again, store contended": run.refused,
        "applied": outcomes["applied"],
        "applied, unsaid": verdict.unsaid,
        "duplicates": outcomes["duplicate"],
        "late": outcomes["late"],
        "people with late events": verdict.behind,
        "late, perhaps counted": verdict.perhaps,
        "lost": verdict.lost,
        "counted twice": verdict.doubled,
        "of devices, counted for their users": verdict.handed_over,
        "people": verdict.people,
        "as the formula": verdict.right,
        "people below the bounds": verdict.below,
        "identical": verdict.identical,
        "left over elsewhere": verdict.leftovers,
        "deliveries/s": outcomes.total() / run.seconds,
    }


def problems(verdict: Verdict, deliveries: int) -> list[str]:
    """What is not as promised."""
    outcomes = verdict.outcomes
    found = []
    if sum(outcomes[name] for name in ("applied", "duplicate", "late")) != deliveries:
        found.append(f"{deliveries:,} deliveries came to {dict(outcomes)}")
    if not verdict.holds:
        found.append(f"lost {verdict.lost}, doubled {verdict.doubled}, wrong: {'; '.join(verdict.examples)}")
    return found
