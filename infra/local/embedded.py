"""The local stack on the embedded stores: every function in one process, fed by the embedded queue."""

import asyncio
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import msgspec
from functions_framework.aio import create_asgi_app
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from infra.local import bridge
from infra.local.asgi import call
from infra.local.layout import DEAD_LETTERS, FUNCTIONS, MAX_ATTEMPTS, ROOT, STATUS, TABLES, Function
from infra.local.router import Router
from shared import wiring
from shared.errors import RetryableError
from shared.settings import Settings
from shared.stores.embedded.consumer import Handler
from shared.stores.embedded.lanes import Delivery
from shared.stores.embedded.queue import EmbeddedTopics
from shared.tally import tally

PUSH_BATCH = 200
BRIDGE_BATCH = 2_000


class EmbeddedStack:
    """Functions, queue and stores of one folder. `app` serves every route of every function."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._apps = {function.name: load(function) for function in FUNCTIONS}
        self._logged: Counter[str] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        routes = [Route(STATUS, self._status), Mount("/", Router(self._apps))]
        self.app: ASGIApp = Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        warehouse = wiring.warehouse(self._settings)
        warehouse.run((ROOT / "infra/sql/tables.sql").read_text())
        queue = wiring.queue(self._settings)
        self._subscribe(queue)
        try:
            yield
        finally:
            await queue.drain()
            await asyncio.gather(*self._tasks)
            with suppress(RetryableError):  # counts are hints; the stack stops all the same
                await tally.flush(wiring.documents(self._settings))
            await wiring.close_all()

    def _subscribe(self, queue: EmbeddedTopics) -> None:
        queue.declare(DEAD_LETTERS, f"{DEAD_LETTERS}-kept")
        for topic in TABLES:
            queue.declare(topic, f"{topic}-to-warehouse")
            consume = queue.consume(f"{topic}-to-warehouse", self._bridge(topic), batch=BRIDGE_BATCH)
            self._tasks.append(asyncio.create_task(consume))
        for function in FUNCTIONS:
            if function.topic:
                queue.declare(function.topic, function.name)
                consume = queue.consume(
                    function.name,
                    self._push(function),
                    batch=PUSH_BATCH,
                    max_attempts=MAX_ATTEMPTS,
                    dead_letter_topic=DEAD_LETTERS,
                )
                self._tasks.append(asyncio.create_task(consume))

    def _push(self, function: Function) -> Handler:
        app = self._apps[function.name]

        async def deliver(chunk: Sequence[Delivery]) -> list[bool]:
            answers = await asyncio.gather(*(call(app, "POST", "/", push_body(function.name, d)) for d in chunk))
            return [200 <= status < 300 for status, _ in answers]

        return deliver

    def _bridge(self, topic: str) -> Handler:
        async def deliver(chunk: Sequence[Delivery]) -> list[bool]:
            warehouse = wiring.warehouse(self._settings)
            messages = [delivery.message for delivery in chunk]
            letters = await asyncio.to_thread(bridge.append, warehouse, topic, messages)
            if letters:
                await wiring.topics(self._settings).publish(DEAD_LETTERS, letters)
            self._logged[topic] += len(messages)
            return [True] * len(chunk)

        return deliver

    async def _status(self, _: Request) -> JSONResponse:
        """Rows logged by topic, what became of events and of facts of items, and what still waits."""
        queue = wiring.queue(self._settings)
        waiting = {function.name: queue.pending(function.name) for function in FUNCTIONS if function.topic}
        waiting |= {topic: queue.pending(f"{topic}-to-warehouse") for topic in TABLES}
        outcomes, items = await self._outcomes("update_profile"), await self._outcomes("update_items")
        return JSONResponse({"logged": self._logged, "outcomes": outcomes, "items": items, "waiting": waiting})

    async def _outcomes(self, name: str) -> dict[str, int]:
        _, answer = await call(self._apps[name], "GET", "/")
        outcomes: dict[str, int] = msgspec.json.decode(answer)["outcomes"]
        return outcomes


def load(function: Function) -> ASGIApp:
    """The function as functions-framework serves it."""
    app: ASGIApp = create_asgi_app(function.name, str(function.source), "http")  # type: ignore[no-untyped-call]
    return app


def push_body(subscription: str, delivery: Delivery) -> bytes:
    """The push body that Pub/Sub would send."""
    message = {
        "data": b64encode(delivery.message.data).decode(),
        "attributes": delivery.message.attributes,
        "messageId": str(delivery.id),
        "publishTime": delivery.published_at,
        "orderingKey": delivery.message.key,
    }
    push = {
        "message": message,
        "subscription": f"projects/local/subscriptions/{subscription}",
        "deliveryAttempt": delivery.attempt,
    }
    return msgspec.json.encode(push)
