"""Reads the push body and the event in it, and does nothing about it."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from infra.bench.peers.body import read_event


@functions_framework.aio.http
async def update_noop(request: Request) -> Response:
    """POST a Pub/Sub push body."""
    read_event(await request.body())
    return Response(status_code=204)
