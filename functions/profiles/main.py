"""profiles: shows and explains profiles, refolds them from the log, and does what operators decide about them."""

from functools import cache

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from refolding import deliver, routes
from refolding.parts import Parts
from shared import http, wiring
from shared.deliveries import Deliveries
from shared.events.push import Push


@functions_framework.aio.http
async def profiles(request: Request) -> Response:
    """GET and POST below /v1/profiles; any other path takes Pub/Sub's pushes from topic `refolds`."""
    path = request.url.path
    if path == "/healthz":
        reply = http.json_reply(200, {"status": "ok"})
    elif path == routes.ROUTE or path.startswith(f"{routes.ROUTE}/"):
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = await routes.answer(_parts(), request.method, path, headers, request.query_params, request.stream())
    else:
        reply = await deliveries.answer(request.method, request.stream())
    return Response(reply.body, reply.status, reply.headers)


async def _take(push: Push) -> str:
    return await deliver.take(_parts(), push)


@cache
def _parts() -> Parts:
    return Parts(wiring.settings())


deliveries = Deliveries(_take, None)
