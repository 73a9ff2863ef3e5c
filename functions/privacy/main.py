"""privacy: shows what is held about a person, erases it, and proves that it is gone."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import StreamingResponse

from forgetting import erase
from forgetting.order import parse_order
from forgetting.places import Places, open_places
from forgetting.routes import LINES, Ask, answer
from shared import http, wiring
from shared.deliveries import Deliveries
from shared.errors import PermanentError
from shared.events.deletion import TOPIC
from shared.events.publish import DEAD_LETTERS, publish_dead_letter
from shared.events.push import Push
from shared.profiles import refolds
from shared.served import served


@functions_framework.aio.http
@served("privacy", documents=True, warehouse=True, topics=(TOPIC, refolds.TOPIC, DEAD_LETTERS))
async def privacy(request: Request) -> http.Reply | StreamingResponse:
    """/v1/privacy/…: see `forgetting.routes`. POST, any other path: a push of the topic `privacy-requests`."""
    path = request.url.path
    if not path.startswith("/v1/"):
        return await deliveries.answer(request.method, request.stream())
    ask = Ask(request.method, path, request.headers, request.query_params, request.stream())
    answered = await answer(ask, _places(), wiring.clock())
    return answered if isinstance(answered, http.Reply) else StreamingResponse(answered, headers=LINES)


async def _take(push: Push) -> str:
    places, now = _places(), wiring.clock()
    try:
        order = parse_order(push.message.data)
    except PermanentError as error:
        await publish_dead_letter(places.topics, push, error, "privacy", TOPIC)
        return "dead_letter"
    key, erasure = await erase.begin(order, places, now)
    if erasure.state == "done":
        return "known"
    await erase.finish(key, erasure, places, now)
    return "erased"


def _places() -> Places:
    return open_places(wiring.settings())


deliveries = Deliveries(_take, None)
