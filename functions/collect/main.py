"""collect: takes what people did, from every sender, and publishes it to the topic `events`."""

import functions_framework.aio
from starlette.requests import Request

from ingest.routes import answer
from shared import http
from shared.events import deletion
from shared.events.publish import ITEMS, TOPIC
from shared.served import served


@functions_framework.aio.http
@served("collect", topics=(TOPIC, ITEMS, deletion.TOPIC))
async def collect(request: Request) -> http.Reply:
    """Every route of `ingest.routes`."""
    address = request.client.host if request.client else ""
    return await answer(
        request.method, request.url.path, request.headers, request.query_params, request.stream(), address
    )
