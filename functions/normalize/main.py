"""normalize: what Segment's Pub/Sub destination and Firebase's trigger send → Events on the topic `events`."""

from typing import Any

import functions_framework.aio
import msgspec
from starlette.requests import Request

from shared import http, wiring
from shared.deliveries import Deliveries
from shared.errors import PermanentError, Problem
from shared.events import ga4_params, segment
from shared.events.deletion import TOPIC as PRIVACY_REQUESTS
from shared.events.deletion import deletion_message
from shared.events.firebase import is_log, read_log
from shared.events.parse import Batch
from shared.events.publish import DEAD_LETTERS, publish_dead_letter, publish_events
from shared.events.publish import TOPIC as EVENTS
from shared.events.push import PubsubMessage, Push, read_push
from shared.served import served
from shared.stores.ports import Message
from shared.tally import tally

TOPIC = "segment-raw"

Payload = dict[str, Any]

_object = msgspec.json.Decoder(Payload).decode
_unreadable = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@functions_framework.aio.http
@served("normalize", topics=(EVENTS, PRIVACY_REQUESTS, DEAD_LETTERS))
async def normalize(request: Request) -> http.Reply:
    """POST, any path: a Pub/Sub push with Segment's event, or Firebase's payload. 204 acknowledges."""
    return await deliveries.answer(request.method, request.stream())


def _delivery(body: bytes) -> Push:
    """A push, or Firebase's payload as if it were one's data. Raises PermanentError if the body is neither."""
    try:
        is_firebase = is_log(_object(body))
    except _unreadable:
        is_firebase = False
    return Push(PubsubMessage(body)) if is_firebase else read_push(body)


async def _take(push: Push) -> str:
    """Publish what was delivered; what can never be read goes to the dead letters as it came."""
    settings, data = wiring.settings(), push.message.data
    topics = wiring.topics(settings)
    try:
        payload = _parse(data)
        if payload.get("type") == "delete":
            await topics.publish(PRIVACY_REQUESTS, [_deletion(payload)])
            return "privacy_request"
        batch = _read(payload, data)
        await publish_events(topics, batch.events)
        _count(batch)
        if batch.refusals:
            # After the good ones: put back, the letter brings them again, which their ids make harmless.
            raise PermanentError("invalid", tuple(one for refusal in batch.refusals for one in refusal.problems))
    except PermanentError as error:
        await publish_dead_letter(topics, push, error, "normalize", TOPIC)
        return "dead_letter"
    return "published"


def _read(payload: Payload, data: bytes) -> Batch:
    settings, received_at = wiring.settings(), wiring.clock()
    if is_log(payload):
        return read_log(payload, data, received_at, settings)
    event = segment.read_segment(payload, data, received_at, settings)
    if name := segment.unmapped_name(payload, settings):
        tally.count("unmapped", name)
    return Batch((event,), ())


def _count(batch: Batch) -> None:
    for event in batch.events:
        tally.count("accepted", event.context.source or "segment")
        if event.context.source == "firebase" and (name := ga4_params.unmapped_name(event, wiring.settings())):
            tally.count("unmapped", name)


def _deletion(payload: Payload) -> Message:
    message = deletion_message(payload, wiring.clock())
    if message is None:
        raise PermanentError("invalid", (Problem("userId", "whom to forget", "nobody"),))
    return message


def _parse(data: bytes) -> Payload:
    try:
        return _object(data)
    except _unreadable as error:
        raise PermanentError("malformed", (Problem("", "a JSON object", str(error)),)) from None


deliveries = Deliveries(_take, None, _delivery)
