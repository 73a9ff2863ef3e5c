"""The local stack on Google's emulators and bqemulator: the real client libraries, one functions-framework process
for each function, push subscriptions; only BigQuery's own subscriptions are stood in for, by the bridge."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import httpx
from google.cloud.pubsub_v1 import SubscriberClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from infra.local import bridge, pubsub
from infra.local.children import await_answer, child, free_port
from infra.local.emulators import EmulatorMissingError, emulators
from infra.local.layout import DEAD_LETTERS, FUNCTIONS, ROOT, STATUS, TABLES, Function
from infra.local.proxy import Proxy
from infra.local.router import Router
from infra.local.serve import run
from shared import wiring
from shared.settings import PREFIX, Settings
from shared.stores.ports import Message

PROJECT = "attune-local"
PULL = 1_000
QUIET_S = 1.0


def serve_emulated(folder: Path, port: int) -> int:
    """Serve until told to stop. Firestore's documents and BigQuery's tables are kept in the folder; Pub/Sub's backlog
    is not (its emulator keeps nothing), so stopping waits until it is empty."""
    try:
        with emulators(data=folder, project=PROJECT) as environment, _processes(environment, folder) as urls:
            addresses = " ".join(f"{name}={value}" for name, value in sorted(environment.items()))
            print(f"Clients find the emulators by {addresses}", flush=True)
            return run(EmulatedStack(wiring.settings(), urls).app, port, f"emulators, state in {folder}")
    except EmulatorMissingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


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
    with child([*command, "--asgi", "--host", "127.0.0.1", "--port", str(port)], log) as process:
        await_answer(process, port, log)
        yield f"http://127.0.0.1:{port}"


def _create_tables(settings: Settings) -> None:
    from shared.stores.gcp.warehouse import BigQueryWarehouse

    warehouse = wiring.warehouse(settings)
    if isinstance(warehouse, BigQueryWarehouse):
        warehouse.create_dataset()
    warehouse.run((ROOT / "infra/sql/tables.sql").read_text())


class EmulatedStack:
    """The address in front of the function processes, and the bridge beside them."""

    def __init__(self, settings: Settings, urls: dict[str, str]):
        self._settings = settings
        self._urls = urls
        self._logged: Counter[str] = Counter()
        self._client = httpx.AsyncClient(timeout=1_800, limits=httpx.Limits(max_connections=200))
        proxies: dict[str, ASGIApp] = {name: Proxy(self._client, url) for name, url in urls.items()}
        routes = [Route(STATUS, self._status), Mount("/", Router(proxies))]
        self.app: ASGIApp = Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        bridges = [asyncio.create_task(asyncio.to_thread(self._bridge, topic, stopping, loop)) for topic in TABLES]
        try:
            yield
        finally:
            await self._drain()
            stopping.set()
            await asyncio.gather(*bridges)
            await self._client.aclose()
            await wiring.close_all()

    def _bridge(self, topic: str, stopping: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
        """Pull, append, acknowledge: at least once, as a BigQuery subscription."""
        warehouse = wiring.warehouse(self._settings)
        with SubscriberClient() as subscriber:
            subscription = pubsub.create_pull(subscriber, PROJECT, topic)
            while not stopping.is_set():
                got = pubsub.pull(subscriber, subscription, PULL)
                if got:
                    letters = bridge.append(warehouse, topic, [Message(data) for _, data in got])
                    if letters:
                        publishing = wiring.topics(self._settings).publish(DEAD_LETTERS, letters)
                        asyncio.run_coroutine_threadsafe(publishing, loop).result()
                    self._logged[topic] += len(got)
                    subscriber.acknowledge(subscription=subscription, ack_ids=[ack_id for ack_id, _ in got])

    async def _drain(self) -> None:
        """Wait until nothing has moved for a while: the emulator tells no backlog."""
        before: object = None
        while before != (now := await self._counts()):
            before = now
            await asyncio.sleep(QUIET_S)

    async def _counts(self) -> dict[str, dict[str, int]]:
        """Rows logged by topic, and what became of events and of facts of items."""
        outcomes, items = await self._outcomes("update_profile"), await self._outcomes("update_items")
        return {"logged": dict(self._logged), "outcomes": outcomes, "items": items}

    async def _outcomes(self, name: str) -> dict[str, int]:
        answer = await self._client.get(self._urls[name])
        outcomes: dict[str, int] = answer.raise_for_status().json()["outcomes"]
        return outcomes

    async def _status(self, _: Request) -> JSONResponse:
        return JSONResponse(await self._counts())
