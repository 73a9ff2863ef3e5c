"""What Segment itself forwards: its Webhook and Google Cloud Function destinations, and its requests to delete."""

import hmac

from ingest.call import Call
from ingest.segment_batch import Envelope, Json, decode, failure, publish, read_all, refused, reply, split, try_later
from shared import http, wiring
from shared.errors import PermanentError, RetryableError
from shared.events.deletion import TOPIC, deletion_message
from shared.keys import header_key, is_allowed
from shared.settings import Settings
from shared.stores.ports import Message

FUNCTION = "/v1/segment/function"


async def take(call: Call) -> http.Reply:
    """One event or an array of them, signed or with a key; `{"type": "delete"}` among them goes to privacy."""
    try:
        return await _take(call, wiring.settings())
    except PermanentError as error:
        return refused(error)
    except RetryableError as error:
        return try_later(error)


def is_signed(call: Call, raws: list[bytes], secret: str) -> bool:
    """Whether X-Signature is the hex HMAC-SHA1 of the event's own bytes: of an array, only the first element is signed.

    The bytes are those received: Segment signs `JSON.stringify` of what it sends, and another encoder writes numbers
    and letters otherwise. https://github.com/segmentio/action-destinations, destination `webhook`
    """
    shown = call.headers.get("x-signature", "").strip().lower().encode()
    expected = hmac.digest(secret.encode(), raws[0] if raws else b"", "sha1").hex().encode()
    return hmac.compare_digest(shown, expected)


def _is_let_in(call: Call, raws: list[bytes], settings: Settings) -> bool:
    # The function destination cannot sign: where there are keys it shows one. The webhook signs once it has a secret.
    if settings.webhook_secret and (call.path != FUNCTION or not settings.keys):
        return is_signed(call, raws, settings.webhook_secret)
    return is_allowed(settings, header_key(call.headers))


async def _take(call: Call, settings: Settings) -> http.Reply:
    is_array = call.body.lstrip()[:1] == b"["
    raws = split(call.body, "", settings.max_batch_events) if is_array else [call.body.strip()]
    if not _is_let_in(call, raws, settings):
        return failure(401, "unauthorized", "sign with the shared secret, or show an API key")
    wishes = [_wish(raw, call) for raw in raws]
    taken = read_all([raw for raw, wish in zip(raws, wishes, strict=True) if wish is None], Envelope(), call, settings)
    await publish(taken, settings)
    if deletions := [wish for wish in wishes if wish]:
        await wiring.topics(settings).publish(TOPIC, deletions)
    return reply(taken.batch)


def _wish(raw: bytes, call: Call) -> Message | None:
    """The message that asks to delete a person, if `raw` is that and names one; else it is left to the reader."""
    if b'"delete"' not in raw:
        return None
    payload = _lenient(raw)
    return deletion_message(payload, call.received_at) if payload.get("type") == "delete" else None


def _lenient(raw: bytes) -> Json:
    try:
        return decode(raw)
    except PermanentError:  # the reader says what is wrong
        return {}
