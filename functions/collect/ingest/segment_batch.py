"""Segment's events of one request: read, published, counted, and answered in Segment's manner."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from ingest import events
from ingest.call import Call
from shared import http, wiring
from shared.errors import PermanentError, Problem, RetryableError
from shared.events.event import Event
from shared.events.parse import Batch, Refusal
from shared.events.publish import publish_events
from shared.events.segment import read_segment, unmapped_name
from shared.settings import Settings
from shared.tally import tally

Json = dict[str, Any]
MOST_ERRORS = 100

_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Taken(NamedTuple):
    """What became of the events of a request."""

    batch: Batch
    unmapped: Sequence[str]


class Envelope(NamedTuple):
    """What a request says about all of its events.

    Attributes:
        common: an event may say it otherwise.
        forced: it may not: the path says what a single call is.
        address: the person's network address, where the request comes from their browser.
        raw: the bytes of `common` that are a sender's own text; the reader looks for control characters in them.
    """

    common: Mapping[str, Any] = {}
    forced: Mapping[str, Any] = {}
    address: str = ""
    raw: bytes = b""


def decode(raw: bytes | msgspec.Raw) -> Json:
    """The JSON object. Raises PermanentError where it is none."""
    try:
        found = msgspec.json.decode(raw)
    except UNREADABLE as error:
        raise PermanentError("malformed", (Problem("", "a JSON object", str(error)),)) from None
    if not isinstance(found, dict):
        raise PermanentError("malformed", (Problem("", "a JSON object", type(found).__name__),))
    return found


def split(raw: bytes | msgspec.Raw, name: str, most: int) -> list[bytes]:
    """The raw elements of a JSON list of at most `most`. Raises PermanentError where it is none."""
    try:
        found = [bytes(one) for one in _raws(raw)]
    except UNREADABLE as error:
        raise PermanentError("malformed", (Problem(name, "a list of events", str(error)),)) from None
    if len(found) > most:
        raise PermanentError("too many events", (Problem(name, f"at most {most:,} events", f"{len(found):,}"),))
    return found


def read_all(raws: Sequence[bytes], envelope: Envelope, call: Call, settings: Settings) -> Taken:
    """Read each event; what is wrong with one does not keep the others."""
    read: list[Event] = []
    refusals: list[Refusal] = []
    unmapped: list[str] = []
    for position, raw in enumerate(raws):
        payload: Json = {}
        try:
            payload = _opened(raw, envelope, call, settings)
            read.append(read_segment(payload, raw + envelope.raw, call.received_at, settings))
        except PermanentError as error:
            message_id = payload.get("messageId")
            shown = message_id[:100] if isinstance(message_id, str) else None
            refusals.append(Refusal(position, shown, error.problems))
        else:
            unmapped += filter(None, [unmapped_name(payload, settings)])
    return Taken(Batch(tuple(read), tuple(refusals)), unmapped)


async def publish(taken: Taken, settings: Settings) -> None:
    """Publish, then count: what a topic did not take will come again. Raises RetryableError."""
    await publish_events(wiring.topics(settings), taken.batch.events)
    events.count(taken.batch)
    for name in taken.unmapped:
        tally.count("unmapped", name)


def reply(batch: Batch) -> http.Reply:
    """200 if anything was taken, or nothing was sent; else 400. What was refused is told either way.

    A batch is never asked for again over events that can never be taken: no client that we know resends on these two.
    """
    if not batch.refusals:
        return http.json_reply(200, {"success": True})
    told = events.summary(batch._replace(refusals=batch.refusals[:MOST_ERRORS]))
    told |= {"refused": len(batch.refusals)}
    if batch.events:
        return http.json_reply(200, {"success": True, **told})
    first = "; ".join(str(problem) for problem in batch.refusals[0].problems)
    return http.json_reply(400, {"success": False, "code": "invalid_request", "message": first, **told})


def failure(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> http.Reply:
    """An error as Segment's libraries read it."""
    return http.json_reply(status, {"success": False, "code": code, "message": message}, headers)


def refused(error: PermanentError) -> http.Reply:
    """400: libraries drop what they sent."""
    return failure(400, error.reason.replace(" ", "_"), str(error))


def try_later(error: RetryableError) -> http.Reply:
    """429 or 503: libraries keep what they sent and come again, the newer ones after `Retry-After` seconds."""
    plain = http.try_later(error)
    wait = plain.headers["retry-after"]
    code = "rate_limited" if plain.status == 429 else "unavailable"
    return failure(plain.status, code, f"try again in {wait} s", {"retry-after": wait, "x-ratelimit-reset": wait})


def _opened(raw: bytes, envelope: Envelope, call: Call, settings: Settings) -> Json:
    """The event with what its envelope adds."""
    if len(raw) > settings.max_event_bytes:
        found = f"{len(raw):,} bytes"
        raise PermanentError("too large", (Problem("", f"at most {settings.max_event_bytes:,} bytes", found),))
    item = {name: value for name, value in decode(raw).items() if value is not None}
    payload = {**envelope.common, **item, **envelope.forced}
    for name in ("context", "integrations"):
        own, shared = item.get(name), envelope.common.get(name)
        if isinstance(own, dict) and isinstance(shared, dict):
            payload[name] = {**shared, **own}
    context = payload.get("context", {})
    if isinstance(context, dict):
        # A server says `direct` where its client's address is meant; browsers cannot know their own.
        address = call.address if context.get("direct") is True else envelope.address
        payload["context"] = {"ip": address} | {name: value for name, value in context.items() if value is not None}
    return payload
