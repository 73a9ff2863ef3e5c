"""recommend over catalogues of about 1,000, 10,000 and 100,000 items: an answer must not take longer where there are
more."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from infra.bench.catalogue import NEIGHBOURS, spread_catalogue
from infra.bench.figures import Grid, Result, Value, median, ratio
from infra.bench.people import make_people, spread
from infra.bench.promises import Promise
from infra.bench.recommend import N, write_paths
from infra.bench.rounds import Case, Samples, Variant, one_round, warm
from infra.bench.servers import our_program, serve
from infra.bench.session import Session
from infra.bench.world import World, write_ours
from shared.settings import Settings

CASES: tuple[Case, ...] = (("", 1), ("", 16))
SMALL, MIDDLE, LARGE = "1k", "10k", "100k"
VARIANTS = {SMALL: 2, MIDDLE: 21, LARGE: 208}
"""Each simulated item comes in so many."""

EMULATOR, EMBEDDED = "Firestore's emulator", "embedded"
COLUMNS = ("store", "items", "connections", "req/s", "p50 ms", "p90 ms", "p99 ms", f"p50 × {SMALL}", "failed")
NOTES = (
    f"{NEIGHBOURS} neighbours an item, all in the store; 200 people with profiles of about 4 KB; {N} items each.",
    "Of an item's variants people meet few often and many seldom (Zipf); neighbours are drawn likewise.",
    "Each measurement follows a second of the same: items are read again after 30 s, which `cache` counts.",
)


def bench(session: Session) -> Result:
    """The same people and requests over each catalogue, side by side, in both stores."""
    folder = session.scratch("catalogues")
    samples: dict[str, Samples] = {EMULATOR: {}, EMBEDDED: {}}
    sizes: dict[str, int] = {}
    with ExitStack() as stack:
        variants: dict[str, list[Variant]] = {store: [] for store in samples}
        for name in VARIANTS:
            for store, world in _worlds(session, name):
                session.steps.begin(f"catalogues: {name} items, {store}")
                asyncio.run(write_ours(world))
                sizes[name] = len(world.catalogue.categories)
                variants[store].append(_serve(session, world, folder / store / name, name, stack))
        for store, found in variants.items():
            for case in CASES:
                warm(found, case)
            session.steps.begin(f"catalogues: {store}", session.repeats * len(CASES) * len(found))
            for _ in range(session.repeats):
                one_round(session, found, CASES, samples[store], is_steady=True)
    rows = [row for store, measured in samples.items() for row in _rows(store, measured, sizes)]
    promises = [
        Promise(f"{store}: p50 of {LARGE} × {SMALL} at 1 connection", "≤", 1.2, _growth(measured, CASES[0], LARGE))
        for store, measured in samples.items()
    ]
    return Result([Grid("catalogues", COLUMNS, rows)], NOTES, promises=promises)


def _worlds(session: Session, name: str) -> Iterator[tuple[str, World]]:
    people = spread(make_people(), VARIANTS[name])
    catalogue = spread_catalogue(people, VARIANTS[name])
    yield EMULATOR, World(session.settings(f"bench-catalogue-{name}"), people, catalogue)
    data = session.scratch(f"catalogue-{name}")
    yield EMBEDDED, World(Settings(backend="embedded", data=str(data)), people, catalogue)


def _serve(session: Session, world: World, folder: Path, name: str, stack: ExitStack) -> Variant:
    folder.mkdir(parents=True)
    served = stack.enter_context(serve(our_program("recommend", folder), session.environment(world.settings)))
    paths = write_paths(folder, world.people)
    return Variant(name, served.port, "get.lua", lambda _: [str(paths)])


def _rows(store: str, samples: Samples, sizes: dict[str, int]) -> Iterator[list[Value]]:
    for (case, name), loads in samples.items():
        figures = ("requests_s", "p50_ms", "p90_ms", "p99_ms")
        middle = [median([getattr(load, field) for load in loads]) for field in figures]
        bad = sum(load.bad for load in loads)
        yield [store, sizes[name], case[1], *middle, _growth(samples, case, name), bad]


def _growth(samples: Samples, case: Case, name: str) -> float | None:
    found, small = ([load.p50_ms for load in samples[case, one]] for one in (name, SMALL))
    return ratio(found, small)
