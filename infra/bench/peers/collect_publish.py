"""Publishes the events of a request as they came, in one request, without a look at them: the floor of collect."""

import functions_framework.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shared import wiring
from shared.stores.ports import Message

_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
EMPTY = b'{"accepted":0,"refused":0,"errors":[]}'


@functions_framework.aio.http
async def collect_publish(request: Request) -> Response:
    """POST a list of events."""
    body = await request.body()
    raws = _raws(body) if body else []
    if raws:
        await wiring.topics(wiring.settings()).publish("events", [Message(bytes(raw)) for raw in raws])
    return Response(EMPTY, 202, {"content-type": "application/json"})
