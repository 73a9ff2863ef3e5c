"""Checks the events of a request as collect does, and publishes nothing."""

import functions_framework.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shared import wiring
from shared.errors import PermanentError
from shared.events.parse import parse_batch


@functions_framework.aio.http
async def collect_checks(request: Request) -> Response:
    """POST a list of events."""
    try:
        batch = parse_batch(await request.body(), wiring.clock(), wiring.settings())
    except PermanentError as error:
        return Response(str(error), 400)
    body = {"accepted": len(batch.events), "refused": len(batch.refusals), "errors": []}
    return Response(msgspec.json.encode(body), 400 if batch.refusals else 202, {"content-type": "application/json"})
