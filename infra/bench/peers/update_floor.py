"""The floor of update_profile: one raw read of a packed profile and one compare-and-set of as many bytes."""

import asyncio
import random

import functions_framework.aio
from grpc import StatusCode
from grpc.aio import AioRpcError
from starlette.requests import Request
from starlette.responses import Response

from infra.bench.peers import raw
from infra.bench.peers.body import read_event

ATTEMPTS = 8
PAUSE_S = 0.01
LOST = (StatusCode.FAILED_PRECONDITION, StatusCode.ABORTED)


@functions_framework.aio.http
async def update_floor(request: Request) -> Response:
    """POST a Pub/Sub push body. 500 asks for redelivery."""
    event = read_event(await request.body())
    if event is None:
        return Response()
    for attempt in range(ATTEMPTS):
        found = await raw.read(event["user_id"])
        found.fields["n"].integer_value += 1
        try:
            await raw.replace(found)
        except AioRpcError as error:
            if error.code() not in LOST:
                raise
            await asyncio.sleep(random.uniform(0, PAUSE_S * 2**attempt))
        else:
            return Response(status_code=204)
    return Response(status_code=500)
