"""How large profiles become: of the real sample, and of the simulator's busiest people."""

import asyncio
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from infra.bench.attribution import by_person
from infra.bench.deliveries import SETTINGS
from infra.bench.figures import Grid, Result, Value, median
from infra.bench.session import Session
from infra.bench.writer import make_committer
from infra.local.inputs import Fields, open_input
from infra.local.layout import ROOT
from shared import wiring
from shared.events.event import Event, encode_event
from shared.events.parse import parse_event
from shared.profiles.record import COLLECTION, STATE
from shared.settings import Settings

KIB = 1_024
MEDIAN_KIB, LARGEST_KIB = 4, 32
BUSIEST = 0.01
SIMULATION = "simulate:users=1000,days=120,seed=3"
SAMPLE = Path(os.environ.get("ATTUNE_SAMPLES", ROOT.parent / "shared" / "data")) / "rees46_sample.csv.gz"
COLUMNS = ("", "profiles", "median events", "most events", "median bytes", "of these state", "largest bytes")


class Size(NamedTuple):
    """One profile. `stored` counts the whole document: state, standing, readable face, names of fields."""

    events: int
    stored: int
    state: int


def bench(session: Session) -> Result:
    """Sizes, and whether they are within what is promised."""
    session.steps.begin("sizes: the simulator")
    simulated = asyncio.run(_measure(session, SIMULATION))
    busiest = simulated[-max(1, round(len(simulated) * BUSIEST)) :]
    rows = [_row(SIMULATION, simulated), _row("… its busiest 1 %", busiest)]
    failures = _check("largest of the simulator's busiest 1 %", max(size.stored for size in busiest), LARGEST_KIB)
    note = f"REES46's sample is not at {SAMPLE} (ATTUNE_SAMPLES names another folder): no figure of real people."
    if SAMPLE.exists():
        session.steps.begin("sizes: the real sample")
        real = asyncio.run(_measure(session, f"rees46:{SAMPLE}"))
        rows.insert(0, _row("REES46's sample", real))
        failures += _check("median of the real sample", median([size.stored for size in real]) or 0, MEDIAN_KIB)
        note = f"Promised: a median of {MEDIAN_KIB} KiB on the real sample, {LARGEST_KIB} KiB at most for the busiest."
    return Result([Grid("profiles as stored", COLUMNS, rows)], [note], failures)


async def _measure(session: Session, spec: str) -> list[Size]:
    """Every profile of an input, by its number of events: stored as update_profile does it, a write for each person."""
    settings = Settings(data=str(session.scratch(f"sizes-{abs(hash(spec))}")))
    committer = make_committer(settings)
    events = read_events(open_input(spec))
    people = by_person([encode_event(event) for event in events])
    for places in people.values():
        await asyncio.gather(*(committer.add(events[place]) for place in places))
    found = []
    async for person, document in wiring.documents(settings).scan(COLLECTION):
        state = document.fields.get(STATE)
        if person in people and isinstance(state, bytes):
            found.append(Size(len(people[person]), stored_bytes(person, document.fields), len(state)))
    await wiring.close_all()
    return sorted(found)


def read_events(fields: Iterable[Fields]) -> list[Event]:
    """An input's events as collect would take them."""
    now = datetime.now(UTC)
    return [parse_event(msgspec.json.encode(one), now, SETTINGS) for one in fields]


def stored_bytes(key: str, fields: Mapping[str, object]) -> int:
    """A document's size by Firestore's own count.

    Names and texts by their UTF-8 bytes and one more, bytes by theirs, numbers and times 8, truth values and nothing 1,
    32 for the document and its name: https://cloud.google.com/firestore/docs/storage-size
    """
    name = len(COLLECTION) + 1 + len(key) + 1 + 16
    return 32 + name + sum(len(field.encode()) + 1 + _value_bytes(value) for field, value in fields.items())


def _value_bytes(value: object) -> int:
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, str):
        return len(value.encode()) + 1
    if isinstance(value, list):
        return sum(map(_value_bytes, value))
    if isinstance(value, Mapping):
        return sum(len(name.encode()) + 1 + _value_bytes(inner) for name, inner in value.items())
    return 1 if value is None or isinstance(value, bool) else 8


def _row(name: str, sizes: list[Size]) -> list[Value]:
    middle = [median([float(getattr(size, field)) for size in sizes]) or 0 for field in ("events", "stored", "state")]
    most, largest = (max(getattr(size, field) for size in sizes) for field in ("events", "stored"))
    return [name, len(sizes), round(middle[0]), most, round(middle[1]), round(middle[2]), largest]


def _check(what: str, found: float, kib: int) -> list[str]:
    return [f"{what}: {found:,.0f} bytes, promised {kib} KiB"] if found > kib * KIB else []
