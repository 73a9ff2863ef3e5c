"""The empty function of our kind: what functions-framework itself costs."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response


@functions_framework.aio.http
async def empty(_: Request) -> Response:
    """Nothing."""
    return Response()
