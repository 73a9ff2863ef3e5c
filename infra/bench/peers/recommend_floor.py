"""The floor of recommend: one raw read of a packed profile, and JSON as long as our answer."""

import os
from typing import Any

import functions_framework.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from infra.bench.peers import raw

JSON = {"content-type": "application/json"}
ANSWER: Any = msgspec.json.decode(os.environ.get("BENCH_ANSWER", "{}"))
"""One of our answers, encoded anew each time."""


@functions_framework.aio.http
async def recommend_floor(request: Request) -> Response:
    """GET ?user_id=…"""
    if user_id := request.query_params.get("user_id"):
        await raw.read(user_id)
    return Response(msgspec.json.encode(ANSWER), headers=JSON)
