"""collect: takes what people did, from every sender, and publishes it to the topic `events`."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from ingest.routes import answer


@functions_framework.aio.http
async def collect(request: Request) -> Response:
    """Every route of `ingest.routes`."""
    address = request.client.host if request.client else ""
    reply = await answer(
        request.method, request.url.path, request.headers, request.query_params, request.stream(), address
    )
    return Response(reply.body, reply.status, reply.headers)
