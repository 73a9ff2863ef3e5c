"""recommend against an empty function, against its floor, and against the same answer written the usual way."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from infra.bench.figures import Result
from infra.bench.rounds import Case, Samples, Variant, grid, one_round, warm
from infra.bench.servers import Served, our_program, peer_program, serve
from infra.bench.session import Session
from infra.bench.world import World, make_world

ROUTE = "/v1/recommendations"
N = 10
CASES: tuple[Case, ...] = (("", 1), ("", 16), ("", 64))
EMPTY, FLOOR, OURS, USUAL = "empty", "recommend_floor", "recommend", "recommend_usual"
NOTES = (
    f"{EMPTY}: an empty aio function. {FLOOR}: an aio function, one raw packed read, JSON as long as ours.",
    f"{USUAL}: a synchronous function, document.get().to_dict(), loops over dictionaries, json.",
    "It keeps models and items in memory and publishes its decisions, as ours does.",
    "Ratios are medians over rounds of two variants' figures in the same round. Late: answered after more than 2 s.",
)


def bench(session: Session) -> Result:
    """Requests per second and latencies at 1, 16 and 64 connections."""
    world = make_world(session, "bench-recommend")
    folder = session.scratch("recommend")
    paths = folder / "paths"
    paths.write_text("".join(f"{ROUTE}?user_id={user}&n={N}\n" for user in world.people.events))
    samples: Samples = {}
    with ExitStack() as stack:
        served, length = _serve(session, world, folder, stack)
        variants = [Variant(name, served[name].port, "get.lua", lambda _: [str(paths)]) for name in served]
        warm(variants, CASES[1])
        session.steps.begin("recommend", session.repeats * len(CASES) * len(variants))
        for _ in range(session.repeats):
            one_round(session, variants, CASES, samples)
        same = _compare(list(world.people.events), served)
    notes = [f"{world.size} An answer has {length:,} bytes.", same, *NOTES]
    return Result([grid("requests", samples, FLOOR, USUAL)], notes)


def _serve(session: Session, world: World, folder: Path, stack: ExitStack) -> tuple[dict[str, Served], int]:
    environment = session.environment(world.settings)
    ours = stack.enter_context(serve(our_program(OURS, folder), environment))
    answer = httpx.get(f"http://127.0.0.1:{ours.port}{ROUTE}", params={"user_id": next(iter(world.people.events))}).text
    served = {OURS: ours}
    for name, options in ((EMPTY, ()), (FLOOR, ()), (USUAL, ("--signature-type=http",))):
        program = peer_program(name, folder, *options)
        served[name] = stack.enter_context(serve(program, {**environment, "BENCH_ANSWER": answer}))
    return {name: served[name] for name in (EMPTY, FLOOR, OURS, USUAL)}, len(answer.encode())


def _compare(users: list[str], served: Mapping[str, Served]) -> str:
    """Whether the two that recommend do agree."""
    with httpx.Client(timeout=60) as client:
        answers = {name: [_items(client, served[name].port, user) for user in users] for name in (OURS, USUAL)}
    pairs = list(zip(answers[OURS], answers[USUAL], strict=True))
    ordered, alike = sum(one == other for one, other in pairs), sum(set(one) == set(other) for one, other in pairs)
    return f"{USUAL} answers with the same items for {alike} of {len(users)} people, for {ordered} in the same order."


def _items(client: httpx.Client, port: int, user: str) -> list[str]:
    answer: dict[str, Any] = client.get(f"http://127.0.0.1:{port}{ROUTE}", params={"user_id": user}).json()
    return [item["item_id"] for item in answer["items"]]
