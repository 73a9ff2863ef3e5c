"""The local stack on Google's emulators and bqemulator: the real client libraries, one functions-framework process
for each function, push subscriptions; only BigQuery's own subscriptions are stood in for, by the bridge."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from infra.local import pubsub
from infra.local.bridges import Bridges
from infra.local.children import await_answer, child, free_port
from infra.local.emulators import EmulatorMissingError, emulators
from infra.local.layout import FUNCTIONS, ROOT, STATUS, Function
from infra.local.proxy import Proxy
from infra.local.router import Router
from infra.local.serve import run
from shared import wiring
from shared.settings import PREFIX, Settings

PROJECT = "attune-local"
QUIET_S = 1.0
LOOK_S = 2.0
PATIENCE_S = 15.0
"""Half of what whoever stops a stack waits (infra/local/process.py)."""


def serve_emulated(folder: Path, port: int) -> int:
    """Serve until told to stop. Firestore's documents and BigQuery's tables are kept in the folder; Pub/Sub's backlog
    is not (its emulator keeps nothing), so stopping waits until it is empty."""
    try:
        with emulators(data=folder, project=PROJECT) as environment, _processes(environment, folder) as urls:
            addresses = " ".join(f"{name}={value}" for name, value in sorted(environment.items()))
            print(f"Clients find the emulators by {addresses}", flush=True)
            stack = EmulatedStack(wiring.settings(), urls)
            code = run(stack.app, port, f"emulators, state in {folder}")
    except EmulatorMissingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if stack.lost:
        print(f"error: stopped before all was read: {stack.lost}", file=sys.stderr)
    return code or int(bool(stack.lost))


@contextmanager
def _processes(environment: dict[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """Every function in a process of its own; yields their addresses by name."""
    os.environ.update(environment | {f"{PREFIX}BACKEND": "gcp", f"{PREFIX}PROJECT": PROJECT, "PYTHONPATH": str(ROOT)})
    wiring.settings.cache_clear()
    pubsub.create_topics(PROJECT)
    _create_tables(wiring.settings())
    with ExitStack() as stack:
        urls = {function.name: stack.enter_context(_process(function, folder)) for function in FUNCTIONS}
        for function in FUNCTIONS:
            if function.topic:
                pubsub.create_push(PROJECT, function.topic, function.name, urls[function.name])
        yield urls


@contextmanager
def _process(function: Function, folder: Path) -> Iterator[str]:
    port, log = free_port(), folder / f"{function.name}.log"
    command = [sys.executable, "-m", "functions_framework", "--source", str(function.source), "--target", function.name]
    # Nobody looks at this output but in need, and then all of it is wanted; `off` is obeyed.
    lines = {f"{PREFIX}LOG": "off" if wiring.settings().log == "off" else "json"}
    with child([*command, "--asgi", "--host", "127.0.0.1", "--port", str(port)], log, lines) as process:
        await_answer(process, port, log)
        yield f"http://127.0.0.1:{port}"


def _create_tables(settings: Settings) -> None:
    from shared.stores.gcp.warehouse import BigQueryWarehouse

    warehouse = wiring.warehouse(settings)
    if isinstance(warehouse, BigQueryWarehouse):
        warehouse.create_dataset()
    warehouse.run((ROOT / "infra/sql/tables.sql").read_text())


class EmulatedStack:
    """The address in front of the function processes, and the bridges beside them.

    Attributes:
        lost: what had not been read when the stack stopped, in words; empty if all was.
    """

    def __init__(self, settings: Settings, urls: dict[str, str]):
        self.lost = ""
        self._urls = urls
        self._bridges = Bridges(settings, PROJECT)
        self._client = httpx.AsyncClient(timeout=1_800, limits=httpx.Limits(max_connections=200))
        proxies: dict[str, ASGIApp] = {name: Proxy(self._client, url) for name, url in urls.items()}
        routes = [Route(STATUS, self._status), Mount("/", Router(proxies))]
        self.app: ASGIApp = Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._bridges.start()
        try:
            yield
        finally:
            await self._drain()
            await self._bridges.stop()
            await self._client.aclose()
            await wiring.close_all()

    async def _drain(self) -> None:
        """Wait until both readers of each topic have read it to its end; nothing of it outlives the emulator.

        The bridges know when a topic is empty; what they have logged is then what the functions must have taken.
        """
        before: object = None
        moved = monotonic()
        while True:
            now = await self._counts()
            if now != before:
                before, moved = now, monotonic()
            missing, still_s = _missing(now), monotonic() - moved
            if still_s >= (PATIENCE_S if missing else QUIET_S):
                self.lost = "; ".join(missing)
                return
            await asyncio.sleep(QUIET_S / 4)

    async def _counts(self) -> dict[str, dict[str, int]]:
        """Rows logged by topic, what became of events and of facts of items, and which topics may hold more."""
        waiting = await self._bridges.waiting(LOOK_S)
        outcomes, items = await self._outcomes("update_profile"), await self._outcomes("update_items")
        return {"logged": dict(self._bridges.logged), "outcomes": outcomes, "items": items, "waiting": waiting}

    async def _outcomes(self, name: str) -> dict[str, int]:
        answer = await self._client.get(self._urls[name])
        outcomes: dict[str, int] = answer.raise_for_status().json()["outcomes"]
        return outcomes

    async def _status(self, _: Request) -> JSONResponse:
        return JSONResponse(await self._counts())


def _missing(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """What is known not to have been read, in words."""
    told = [f"topic {topic} was not read to its end" for topic, waits in counts["waiting"].items() if waits]
    for topic, taken in (("events", "outcomes"), ("items", "items")):
        logged, folded = counts["logged"].get(topic, 0), sum(counts[taken].values())
        if folded < logged:
            told.append(f"of {logged:,} {topic} in the log, {folded:,} were folded")
    return told
