"""Cold start: from the start of a process to its first answer, and the memory it then holds."""

import http.client
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from infra.bench import imports
from infra.bench.figures import Grid, Result, Value, median, ratio
from infra.bench.process_tree import Memory, memory
from infra.bench.promises import Promise
from infra.bench.servers import Program, our_program, peer_program
from infra.bench.session import Session
from infra.bench.world import World, make_world
from infra.local.children import ChildError, child, free_port, tail
from shared.events.event import encode_event

STARTS = 5
LONGEST_S = 30.0
POLL_S = 0.001
HOT = ("recommend", "update_profile")
USUAL, ASYNC = "client_get", "client_aio"
HEAVIEST = 12
IMPORT_RUNS = 3
FIRST_ANSWER, MEMORY = 1.15, 1.3
COLUMNS = (
    "function",
    "first answer ms",
    "× empty",
    f"× {USUAL}",
    f"× {ASYNC}",
    "RSS MB",
    f"RSS × {ASYNC}",
    "PSS MB",
    f"PSS × {ASYNC}",
)
CREDENTIALS = "import google.api_core.grpc_helpers_async, google.auth.compute_engine\n"
"""What a connection to the service loads, and one to an emulator does not; the peers' libraries load it either way."""

NOTES = (
    f"empty: an empty aio function. {USUAL}: a synchronous function, Firestore's client, one get. All are compiled.",
    f"{ASYNC}: the same framework as ours, aio, with Firestore's asynchronous client alone, one get.",
    "Ours load what access tokens take when they first connect to the service: here at their start, for comparison.",
    "RSS counts pages that master and worker share twice, PSS once. Pulling and starting an image comes on top.",
)


class Start(NamedTuple):
    """One cold start."""

    first_ms: float
    memory: Memory | None


class Ask(NamedTuple):
    """The first request."""

    method: str
    path: str
    body: bytes = b""


def bench(session: Session) -> Result:
    """Medians of interleaved starts, and what is imported on the way."""
    world = make_world(session, "bench-cold")
    folder = session.scratch("cold")
    programs = (
        peer_program("empty", folder),
        peer_program(USUAL, folder, "--signature-type=http"),
        peer_program(ASYNC, folder),
        *(our_program(name, folder) for name in HOT),
    )
    asks = _asks(world)
    environment = session.environment(world.settings)
    starts: dict[str, list[Start]] = {program.name: [] for program in programs}
    number = max(STARTS, session.repeats)
    session.steps.begin("cold", number * len(programs) + len(HOT))
    for _ in range(number):
        for program in programs:
            starts[program.name].append(_start(program, asks[program.name], environment, folder))
            session.steps.step()
    loaded = {}
    for program in programs:
        if program.name in HOT:
            loaded[program.name] = _imports(program, asks[program.name], environment, folder)
            session.steps.step()
    return _result(starts, loaded, number)


def _asks(world: World) -> Mapping[str, Ask]:
    user, events = next(iter(world.people.events.items()))
    event = msgspec.structs.replace(events[-1], event_id="cold")
    push = {"message": {"data": b64encode(encode_event(event)).decode(), "messageId": "1"}}
    return {
        "empty": Ask("GET", "/"),
        USUAL: Ask("GET", f"/?user_id={user}"),
        ASYNC: Ask("GET", f"/?user_id={user}"),
        "recommend": Ask("GET", f"/v1/recommendations?user_id={user}"),
        "update_profile": Ask("POST", "/", msgspec.json.encode(push)),
    }


def _start(program: Program, ask: Ask, environment: Mapping[str, str], folder: Path, *python: str) -> Start:
    port, log = free_port(), folder / f"{program.name}.log"
    (program.folder / "sitecustomize.py").write_text(CREDENTIALS if program.name in HOT else "")
    begun = time.perf_counter()
    with child(program.command(port, *python), log, {**environment, "PYTHONPATH": str(program.folder)}) as process:
        while (status := _status(port, ask)) is None:
            if process.poll() is not None or time.perf_counter() - begun > LONGEST_S:
                raise ChildError(f"{program.name} gave no answer:\n{tail(log)}")
            time.sleep(POLL_S)
        first_ms = (time.perf_counter() - begun) * 1_000
        if status >= http.HTTPStatus.BAD_REQUEST:
            raise ChildError(f"{program.name} answered {status} at first:\n{tail(log)}")
        return Start(first_ms, memory(process.pid))


def _status(port: int, ask: Ask) -> int | None:
    """The answer's status; None while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_S)
    try:
        connection.request(ask.method, ask.path, ask.body, {"content-type": "application/json"})
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def _imports(program: Program, ask: Ask, environment: Mapping[str, str], folder: Path) -> list[imports.Import]:
    runs = []
    for _ in range(IMPORT_RUNS):
        _start(program, ask, environment, folder, *imports.OPTIONS)
        runs.append(imports.read_imports((folder / f"{program.name}.log").read_text(errors="replace")))
    return imports.quickest(runs)


def _result(starts: Mapping[str, Sequence[Start]], loaded: Mapping[str, list[imports.Import]], number: int) -> Result:
    times = {name: [start.first_ms for start in found] for name, found in starts.items()}
    rss = {name: [start.memory and start.memory.rss_mb for start in found] for name, found in starts.items()}
    pss = {name: [start.memory and start.memory.pss_mb for start in found] for name, found in starts.items()}
    rows: list[list[Value]] = []
    for name in starts:
        slower = [ratio(times[name], times[other]) for other in ("empty", USUAL, ASYNC)]
        larger = [figure for held in (rss, pss) for figure in (median(held[name]), ratio(held[name], held[ASYNC]))]
        rows.append([name, median(times[name]), *slower, *larger])
    failures = [f"{name} imports {package}" for name, found in loaded.items() for package in imports.forbidden(found)]
    banned = f"Looked for among the imports: {', '.join(imports.FORBIDDEN)}; found: {'; '.join(failures) or 'none'}."
    medians = f"Medians of {number} starts, one of each function after the other."
    promises = [
        Promise(f"{name}: {what} × {ASYNC}", "≤", bound, ratio(found[name], found[ASYNC]))
        for name in HOT
        for what, bound, found in (("first answer", FIRST_ANSWER, times), ("RSS", MEMORY, rss))
    ]
    tables = [Grid("cold start", COLUMNS, rows), _import_grid(loaded)]
    return Result(tables, [medians, *NOTES, banned], failures, promises)


def _import_grid(loaded: Mapping[str, list[imports.Import]]) -> Grid:
    """The heaviest packages in ms of their own under -X importtime, which slows them; of three runs the least."""
    sums = {name: imports.sums(found) for name, found in loaded.items()}
    heaviest = {
        package: max(own.get(package, 0.0) for own in sums.values()) for own in sums.values() for package in own
    }
    packages = sorted(heaviest, key=heaviest.__getitem__, reverse=True)[:HEAVIEST]
    rows: list[list[Value]] = [["all", *(sum(own.values()) for own in sums.values())]]
    rows += [[package, *(own.get(package) for own in sums.values())] for package in packages]
    return Grid("imports, ms", ("package", *sums), rows)
