"""collect: takes events over HTTP, checks them and publishes them to the topic `events`."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import http, wiring
from shared.errors import PermanentError, RetryableError
from shared.events.event import Event, encode_event, person_of
from shared.events.parse import Batch, parse_batch
from shared.stores.ports import Message

EVENTS = "/v1/events"
TOPIC = "events"


@functions_framework.aio.http
async def collect(request: Request) -> Response:
    """POST /v1/events: one Event or a list of them."""
    reply = await _answer(request)
    return Response(reply.body, reply.status, reply.headers)


async def _answer(request: Request) -> http.Reply:
    if request.url.path == "/healthz":
        return http.json_reply(200, {"status": "ok"})
    if request.url.path != EVENTS:
        return http.not_found(request.url.path, f"POST {EVENTS}")
    if request.method != "POST":
        return http.not_allowed("POST")
    if http.media_type(request.headers.get("content-type", "")) != "application/json":
        return http.error_reply(415, "send application/json")
    try:
        return await _take(await http.read_body(request.stream(), wiring.settings().max_batch_bytes))
    except http.TooLargeError as error:
        return http.error_reply(413, f"the body has {error}; send smaller batches")
    except PermanentError as error:
        return http.refusal(error)
    except RetryableError as error:
        return http.try_later(error)


async def _take(body: bytes) -> http.Reply:
    settings = wiring.settings()
    batch = parse_batch(body, wiring.clock(), settings)
    if batch.events:
        await wiring.topics(settings).publish(TOPIC, [_message(event) for event in batch.events])
    return http.json_reply(400 if batch.refusals else 202, _summary(batch))


def _message(event: Event) -> Message:
    return Message(encode_event(event), key=person_of(event), attributes={"kind": event.kind})


def _summary(batch: Batch) -> dict[str, object]:
    errors = [
        {"index": position, "event_id": event_id, "problems": [problem._asdict() for problem in problems]}
        for position, event_id, problems in batch.refusals
    ]
    return {"accepted": len(batch.events), "refused": len(errors), "errors": errors}
