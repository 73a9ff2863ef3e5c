"""update_items: folds the facts on the topic `items` into the item documents; of each fact the newest counts."""

import functions_framework.aio
from starlette.requests import Request

from shared import http, wiring
from shared.deliveries import Deliveries
from shared.errors import PermanentError
from shared.events.publish import DEAD_LETTERS, ITEMS, publish_dead_letter
from shared.events.push import Push
from shared.models.arrivals import Arrivals
from shared.models.facts import parse_facts
from shared.models.items import store_facts
from shared.profiles.profile import to_ms
from shared.served import served


@functions_framework.aio.http
@served("update_items", documents=True, topics=(DEAD_LETTERS,))
async def update_items(request: Request) -> http.Reply:
    """POST, any path: a Pub/Sub push or CloudEvent. 204 acknowledges; anything else asks for redelivery."""
    return await deliveries.answer(request.method, request.stream())


async def _fold(push: Push) -> str:
    settings = wiring.settings()
    try:
        facts = parse_facts(push.message.data, wiring.clock(), settings)
    except PermanentError as error:
        await publish_dead_letter(wiring.topics(settings), push, error, "update_items", ITEMS)
        return "dead_letter"
    outcome = await store_facts(wiring.documents(settings), facts)
    if outcome == "new":
        arrivals.note(facts.item_id, to_ms(facts.stated_at or wiring.clock()))
        arrivals.flush_later(lambda: wiring.documents(settings))
    return outcome


arrivals = Arrivals()
deliveries = Deliveries(_fold, "items")
