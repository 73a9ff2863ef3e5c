"""update_profile against reading the body only, against its floor, and against a transaction on fields."""

import tempfile
from collections import Counter
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import httpx

from infra.bench import pushes
from infra.bench.figures import Result, ratio
from infra.bench.ledger import Ledger
from infra.bench.load import Load
from infra.bench.promises import Promise
from infra.bench.rounds import Case, Samples, Variant, grid, one_round, warm
from infra.bench.servers import our_program, peer_program, serve
from infra.bench.session import Session
from infra.bench.world import World, make_world

SPREAD, HOT = "200 users", "1 user"
CASES: tuple[Case, ...] = ((SPREAD, 1), (SPREAD, 16), (SPREAD, 64), (HOT, 16))
NOOP, FLOOR, OURS, USUAL = "update_noop", "update_floor", "update_profile", "update_usual"
NOTES = (
    f"{NOOP}: an aio function that reads the body and the event.",
    f"{FLOOR}: an aio function, for each request a raw read and a compare-and-set of as many bytes, eight attempts.",
    f"{OURS}: folds, and writes face and state; requests that wait at the same time share reads and writes.",
    f"{USUAL}: a synchronous CloudEvent function, @firestore.transactional on a document of fields, five attempts.",
    "Failed: answered with an error, which asks Pub/Sub to deliver again. Late: answered after more than 2 s.",
    "An empty cell: no answer at all.",
)


def bench(session: Session) -> Result:
    """Requests per second and latencies at 1, 16 and 64 connections, and for one hot user at 16."""
    samples: Samples = {}
    ledger = Ledger(OURS, FLOOR, USUAL)
    outcomes: Counter[str] = Counter()
    for number in range(session.repeats):
        world = make_world(session, f"bench-update-{number}", with_items=False)
        outcomes.update(_round(session, world, samples, ledger))
    what = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(outcomes.items()))
    notes = [world.size, *NOTES, f"What became of {OURS}'s deliveries, those for warming up included: {what}."]
    tables = [grid("requests", samples, FLOOR, USUAL), ledger.grid()]
    return Result(tables, notes, ledger.failures(), _promises(samples))


def _promises(samples: Samples) -> list[Promise]:
    """Speed that is missed is printed, and is no failure: the machine may be busy."""
    rates = {cell: [load.requests_s for load in loads] for cell, loads in samples.items()}
    spread, hot = rates[(SPREAD, 16), OURS], rates[(HOT, 16), OURS]
    return [
        Promise(f"16 connections: req/s of {SPREAD} × {FLOOR}", "≥", 0.8, ratio(spread, rates[(SPREAD, 16), FLOOR])),
        Promise(f"16 connections: req/s of {SPREAD} × {USUAL}", "≥", 4, ratio(spread, rates[(SPREAD, 16), USUAL])),
        Promise(f"16 connections: req/s of {HOT} × {SPREAD}", "≥", 1, ratio(hot, spread)),
    ]


def _round(session: Session, world: World, samples: Samples, ledger: Ledger) -> dict[str, int]:
    """One round on fresh documents and fresh servers; what our function says of its deliveries."""
    one: Samples = {}
    with tempfile.TemporaryDirectory(dir=session.folder) as folder, ExitStack() as stack:
        ports = _serve(session, world, Path(folder), stack)
        variants = _variants(world, Path(folder), ports)
        warm(variants, CASES[1])
        ledger.open(world)
        session.steps.begin(f"update_profile, {world.settings.project}", len(CASES) * len(variants))
        one_round(session, variants, CASES, one)
        ledger.close(world, {name: sum(load.good for load in _loads(one, name)) for name in ports})
        outcomes: dict[str, int] = httpx.get(f"http://127.0.0.1:{ports[OURS]}").json()["outcomes"]
    for cell, loads in one.items():
        samples.setdefault(cell, []).extend(loads)
    return outcomes


def _loads(samples: Samples, name: str) -> list[Load]:
    return [load for (_, variant), loads in samples.items() if variant == name for load in loads]


def _serve(session: Session, world: World, folder: Path, stack: ExitStack) -> dict[str, int]:
    programs = (
        peer_program(NOOP, folder),
        peer_program(FLOOR, folder),
        our_program(OURS, folder),
        peer_program(USUAL, folder, "--signature-type=cloudevent"),
    )
    environment = session.environment(world.settings)
    return {program.name: stack.enter_context(serve(program, environment)).port for program in programs}


def _variants(world: World, folder: Path, ports: dict[str, int]) -> list[Variant]:
    users = list(world.people.events)
    files = {SPREAD: folder / "spread", HOT: folder / "hot"}
    pushes.write_templates(files[SPREAD], world.people, users)
    pushes.write_templates(files[HOT], world.people, users[:1])
    runs = count()

    def arguments(case: Case) -> list[str]:
        return [str(files[case[0]]), f"{next(runs):04d}", str(pushes.first_second(CASES.index(case), len(CASES)))]

    return [Variant(name, port, "push.lua", arguments) for name, port in ports.items()]
