"""update_items: folds the facts on the topic `items` into the item documents; of each fact the newest counts."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import wiring
from shared.deliveries import Deliveries
from shared.errors import PermanentError
from shared.events.publish import ITEMS, publish_dead_letter
from shared.events.push import Push
from shared.models.facts import parse_facts
from shared.models.items import store_facts


@functions_framework.aio.http
async def update_items(request: Request) -> Response:
    """POST, any path: a Pub/Sub push or CloudEvent. 204 acknowledges; anything else asks for redelivery."""
    reply = await deliveries.answer(request.method, request.stream())
    return Response(reply.body, reply.status, reply.headers)


async def _fold(push: Push) -> str:
    settings = wiring.settings()
    try:
        facts = parse_facts(push.message.data, wiring.clock(), settings)
    except PermanentError as error:
        await publish_dead_letter(wiring.topics(settings), push, error, "update_items", ITEMS)
        return "dead_letter"
    return await store_facts(wiring.documents(settings), facts)


deliveries = Deliveries(_fold, "items")
