"""profiles: shows and explains profiles, refolds them from the log, and does what operators decide about them."""

from functools import cache

import functions_framework.aio
from starlette.requests import Request

from refolding import deliver, routes
from refolding.parts import Parts
from shared import http, wiring
from shared.deliveries import Deliveries
from shared.events.publish import DEAD_LETTERS
from shared.events.push import Push
from shared.profiles import persona, refolds
from shared.served import served


@functions_framework.aio.http
@served("profiles", documents=True, warehouse=True, topics=(refolds.TOPIC, persona.TOPIC, DEAD_LETTERS))
async def profiles(request: Request) -> http.Reply:
    """GET and POST below /v1/profiles; any other path takes Pub/Sub's pushes from topic `refolds`."""
    path = request.url.path
    if path == routes.ROUTE or path.startswith(f"{routes.ROUTE}/"):
        headers = {name.lower(): value for name, value in request.headers.items()}
        return await routes.answer(_parts(), request.method, path, headers, request.query_params, request.stream())
    return await deliveries.answer(request.method, request.stream())


async def _take(push: Push) -> str:
    return await deliver.take(_parts(), push)


@cache
def _parts() -> Parts:
    return Parts(wiring.settings())


deliveries = Deliveries(_take, None)
