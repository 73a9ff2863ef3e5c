"""recommend: the persona and the best items for a person, each with its reason."""

from functools import cache

import functions_framework.aio
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from serving.answers import Logged
from serving.parts import Parts
from serving.routes import Call, respond
from shared import wiring
from shared.decisions import TOPIC
from shared.served import served
from shared.tally import tally


@functions_framework.aio.http
@served("recommend", documents=True, topics=(TOPIC,))
async def recommend(request: Request) -> Response:
    """GET /v1/recommendations?user_id=…&n=…, and what belongs to it."""
    call = Call(request.method, request.url.path, request.headers, request.query_params, request.stream())
    reply, decisions = await respond(_parts(), call)
    after = BackgroundTask(_log, [*decisions]) if decisions else None
    return Response(reply.body, reply.status, reply.headers, background=after)


async def _log(decisions: list[Logged]) -> None:
    """After the answer has gone out; a graceful shutdown waits for it."""
    records = [make() for make in decisions]
    decisions.clear()  # all that the answers were made of: a thousand times more objects, which nobody needs any more
    await _parts().decisions.add(*records)
    tally.flush_later(lambda: wiring.documents(wiring.settings()))


@cache
def _parts() -> Parts:
    return Parts(wiring.settings())
