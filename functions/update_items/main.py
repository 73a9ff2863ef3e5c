"""update_items: folds the facts on the topic `items` into the item documents; of each fact the newest counts."""

from collections import Counter

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import http, wiring
from shared.errors import PermanentError, RetryableError
from shared.events.publish import ITEMS, publish_dead_letter
from shared.events.push import Push, read_push
from shared.models.facts import parse_facts
from shared.models.items import store_facts
from shared.tally import tally
from shared.telemetry import log

MAX_PUSH_BYTES = 14_000_000  # Pub/Sub's 10 MB in base64, and the envelope

outcomes: Counter[str] = Counter()
"""What became of the deliveries of this instance."""


@functions_framework.aio.http
async def update_items(request: Request) -> Response:
    """POST, any path: a Pub/Sub push or CloudEvent. 204 acknowledges; anything else asks for redelivery."""
    reply = await _answer(request)
    return Response(reply.body, reply.status, reply.headers)


async def _answer(request: Request) -> http.Reply:
    if request.method == "GET":
        return http.json_reply(200, {"status": "ok", "outcomes": outcomes})
    if request.method != "POST":
        return http.not_allowed("POST", "GET")
    try:
        push = read_push(await http.read_body(request.stream(), MAX_PUSH_BYTES))
    except http.TooLargeError as error:
        return http.error_reply(413, str(error))
    except PermanentError as error:
        return http.refusal(error)
    try:
        outcome = await _fold(push)
    except RetryableError as error:
        log("WARNING", "facts not folded; Pub/Sub sends them again", reason=str(error))
        return http.error_reply(500, "try again")
    outcomes[outcome] += 1
    tally.count("items", outcome)
    tally.flush_later(lambda: wiring.documents(wiring.settings()))
    return http.Reply(204)


async def _fold(push: Push) -> str:
    settings = wiring.settings()
    try:
        facts = parse_facts(push.message.data, wiring.clock(), settings)
    except PermanentError as error:
        await publish_dead_letter(wiring.topics(settings), push, error, "update_items", ITEMS)
        return "dead_letter"
    return await store_facts(wiring.documents(settings), facts)
