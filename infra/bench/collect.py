"""collect against checking the same JSON only, against publishing it only, and against pydantic with one publish for
each event."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import msgspec

from infra.bench.figures import Result
from infra.bench.people import make_people
from infra.bench.rounds import Case, Samples, Variant, grid, one_round, warm
from infra.bench.servers import our_program, peer_program, serve
from infra.bench.session import Session
from shared.events.event import Event

EVENTS = 20
CASES: tuple[Case, ...] = (("", 1), ("", 16))
CHECKS, CHECKS_SYNC, FLOOR = "collect_checks", "collect_checks_sync", "collect_publish"
OURS, USUAL = "collect", "collect_usual"
NOTES = (
    f"One request: {EVENTS} canonical events of different people as one JSON list. The topic is Pub/Sub's emulator's.",
    f"{CHECKS}: an aio function that checks the events as collect does, and publishes nothing.",
    f"{CHECKS_SYNC}: the same in a synchronous function.",
    f"{FLOOR}: an aio function that publishes the events as they came, in one request, without a look at them.",
    f"{USUAL}: a synchronous function, pydantic, one publisher.publish for each event, waiting for all.",
)


def bench(session: Session) -> Result:
    """Batches per second and latencies at 1 and 16 connections."""
    settings = session.settings("bench-collect")
    samples: Samples = {}
    with tempfile.TemporaryDirectory(dir=session.folder) as folder, ExitStack() as stack:
        place = Path(folder)
        (place / "batch").write_bytes(make_batch())
        programs = (
            peer_program(CHECKS, place),
            peer_program(CHECKS_SYNC, place, "--signature-type=http"),
            peer_program(FLOOR, place),
            our_program(OURS, place),
            peer_program(USUAL, place, "--signature-type=http"),
        )
        environment = session.environment(settings)
        ports = {program.name: stack.enter_context(serve(program, environment)).port for program in programs}
        variants = [Variant(name, port, "post.lua", lambda _: [str(place / "batch")]) for name, port in ports.items()]
        warm(variants, CASES[1])
        session.steps.begin("collect", len(CASES) * len(variants) * session.repeats)
        for _ in range(session.repeats):
            one_round(session, variants, CASES, samples)
    return Result([grid("requests", samples, FLOOR, USUAL)], list(NOTES), [])


def make_batch() -> bytes:
    """The first event of each of some people."""
    events: list[Event] = [events[0] for events in make_people().events.values()][:EVENTS]
    return msgspec.json.encode([msgspec.structs.replace(event, received_at=None) for event in events])
