"""recommend against an empty function, against its floor, and against the same answer written the usual way."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from infra.bench.figures import Grid, Result, median, ratio
from infra.bench.people import People
from infra.bench.promises import Promise
from infra.bench.rounds import Case, Samples, Variant, grid, one_round, warm
from infra.bench.servers import Served, our_program, peer_program, serve
from infra.bench.session import Session
from infra.bench.world import World, make_world, write_ours
from shared.settings import Settings

ROUTE = "/v1/recommendations"
N = 10
CASES: tuple[Case, ...] = (("", 1), ("", 16), ("", 64))
EMPTY, FLOOR, OURS, USUAL = "empty", "recommend_floor", "recommend", "recommend_usual"
EMBEDDED = "recommend, embedded"
AGREEING = 0.95
NOTES = (
    f"{EMPTY}: an empty aio function. {FLOOR}: an aio function, one raw packed read, JSON as long as ours.",
    f"{USUAL}: a synchronous function, document.get().to_dict(), loops over dictionaries, json.",
    "It keeps models and items in memory and publishes its decisions, as ours does.",
    f"{EMBEDDED}: the same function on the embedded stores, without emulators.",
    "Each measurement follows a second of the same: items are read again after 30 s, which `cache` counts.",
    "Ratios are medians over rounds of two variants' figures in the same round. Late: answered after more than 2 s.",
)


def bench(session: Session) -> Result:
    """Requests per second and latencies at 1, 16 and 64 connections."""
    world = make_world(session, "bench-recommend")
    folder = session.scratch("recommend")
    paths = write_paths(folder, world.people)
    samples: Samples = {}
    with ExitStack() as stack:
        served, length = _serve(session, world, folder, stack)
        variants = [Variant(name, served[name].port, "get.lua", lambda _: [str(paths)]) for name in served]
        warm(variants, CASES[1])
        session.steps.begin("recommend", session.repeats * len(CASES) * len(variants))
        degraded: Counter[tuple[Case, str]] = Counter()
        for case in CASES * session.repeats:
            before = {name: served[name].count("degraded") for name in (OURS, EMBEDDED)}
            one_round(session, variants, (case,), samples, is_steady=True)
            for name, number in before.items():
                degraded[case, name] += served[name].count("degraded") - number
        same, failures = _compare(list(world.people.events), served)
    notes = [f"{world.size} An answer has {length:,} bytes.", same, *NOTES]
    tables = [grid("requests", samples, FLOOR, USUAL), _degraded(degraded, samples)]
    return Result(tables, notes, failures, _promises(samples))


def write_paths(folder: Path, people: People) -> Path:
    """What is asked for, one after the other: everybody's recommendations."""
    paths = folder / "paths"
    paths.write_text("".join(f"{ROUTE}?user_id={user}&n={N}\n" for user in people.events))
    return paths


def _degraded(numbers: Mapping[tuple[Case, str], int], samples: Samples) -> Grid:
    """Answers that cost little, for a store had not answered in time; the second before a measurement counts too."""
    columns = ("connections", "variant", "answers", "degraded")
    rows = [
        (case[1], name, sum(load.good for load in samples[case, name]), number)
        for (case, name), number in numbers.items()
    ]
    return Grid("answers without a store", columns, rows)


def _promises(samples: Samples) -> list[Promise]:
    """Speed that is missed is printed, and is no failure: the machine may be busy."""
    one, many = CASES[0], CASES[1]
    p50s = {name: [load.p50_ms for load in samples[one, name]] for name in (FLOOR, OURS, EMBEDDED)}
    p90s = [load.p90_ms for load in samples[one, EMBEDDED]]
    rates = {name: [load.requests_s for load in samples[many, name]] for name in (FLOOR, OURS, USUAL)}
    return [
        Promise(f"1 connection: p50 × {FLOOR}", "≤", 1.5, ratio(p50s[OURS], p50s[FLOOR])),
        Promise(f"16 connections: req/s × {FLOOR}", "≥", 0.55, ratio(rates[OURS], rates[FLOOR])),
        Promise(f"16 connections: req/s × {USUAL}", "≥", 6, ratio(rates[OURS], rates[USUAL])),
        Promise(f"1 connection: p50 ms of {EMBEDDED}", "≤", 3, median(p50s[EMBEDDED])),
        Promise(f"1 connection: p90 ms of {EMBEDDED}", "≤", 7, median(p90s)),
    ]


def _serve(session: Session, world: World, folder: Path, stack: ExitStack) -> tuple[dict[str, Served], int]:
    environment = session.environment(world.settings)
    ours = stack.enter_context(serve(our_program(OURS, folder), environment))
    answer = httpx.get(f"http://127.0.0.1:{ours.port}{ROUTE}", params={"user_id": next(iter(world.people.events))}).text
    served = {OURS: ours}
    for name, options in ((EMPTY, ()), (FLOOR, ()), (USUAL, ("--signature-type=http",))):
        program = peer_program(name, folder, *options)
        served[name] = stack.enter_context(serve(program, {**environment, "BENCH_ANSWER": answer}))
    served[EMBEDDED] = _serve_embedded(session, world, folder / "embedded", stack)
    return {name: served[name] for name in (EMPTY, FLOOR, OURS, EMBEDDED, USUAL)}, len(answer.encode())


def _serve_embedded(session: Session, world: World, folder: Path, stack: ExitStack) -> Served:
    """Ours with the same people and items in files."""
    folder.mkdir()
    here = world._replace(settings=Settings(backend="embedded", data=str(folder / "data")))
    asyncio.run(write_ours(here))
    return stack.enter_context(serve(our_program(OURS, folder), session.environment(here.settings)))


def _compare(users: list[str], served: Mapping[str, Served]) -> tuple[str, list[str]]:
    """Whether ours and the usual way agree: else their speeds could not be compared."""
    with httpx.Client(timeout=60) as client:
        answers = {name: [_items(client, served[name].port, user) for user in users] for name in (OURS, USUAL)}
    pairs = list(zip(answers[OURS], answers[USUAL], strict=True))
    ordered, alike = sum(one == other for one, other in pairs), sum(set(one) == set(other) for one, other in pairs)
    found = f"{USUAL} answers with the same items for {alike} of {len(users)} people, for {ordered} in the same order."
    return found, [] if alike >= AGREEING * len(users) else [f"{found} Their speeds cannot be compared."]


def _items(client: httpx.Client, port: int, user: str) -> list[str]:
    answer: dict[str, Any] = client.get(f"http://127.0.0.1:{port}{ROUTE}", params={"user_id": user}).json()
    return [item["item_id"] for item in answer["items"]]
