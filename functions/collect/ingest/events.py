"""POST /v1/events: canonical Events."""

from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from ingest.call import Call
from shared import http, telemetry, wiring
from shared.events.parse import NO_SKEW, Batch, parse_batch
from shared.events.publish import publish_events
from shared.events.segment_time import TOLERATED_SKEW
from shared.keys import header_key, is_allowed
from shared.tally import tally


class Envelope(msgspec.Struct):
    """Events with their sender's key and clock, for senders that can set no headers, as a page that is being left.

    In the body rather than in the address: addresses end up in request logs.
    """

    events: msgspec.Raw
    write_key: str | None = None
    sent_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


_envelope = msgspec.json.Decoder(Envelope).decode


async def take(call: Call) -> http.Reply:
    """One Event, a list of them or an Envelope. 202, or 400 with every bad field of every bad event; the good ones
    are taken."""
    settings = wiring.settings()
    envelope = _open(call.body)
    if not is_allowed(settings, header_key(call.headers), call.headers.get("x-write-key"), envelope.write_key):
        return http.error_reply(401, "show a write key: Authorization: Basic, Bearer, X-Write-Key, or in an envelope")
    if http.media_type(call.headers.get("content-type", "")) not in ("application/json", "text/plain"):
        return http.error_reply(415, "send application/json")
    batch = parse_batch(bytes(envelope.events), call.received_at, settings, _skew(envelope, call))
    await publish_events(wiring.topics(settings), batch.events)
    count(batch)
    return http.json_reply(400 if batch.refusals else 202, summary(batch))


def _open(body: bytes) -> Envelope:
    if body.lstrip()[:1] == b"{":
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # then it is one Event, or will be told
            return _envelope(body)
    return Envelope(msgspec.Raw(body))


def _skew(envelope: Envelope, call: Call) -> timedelta:
    """What the sender's clock is off by, where it matters: see `TOLERATED_SKEW`."""
    skew = call.received_at - envelope.sent_at if envelope.sent_at else NO_SKEW
    return skew if abs(skew) > TOLERATED_SKEW else NO_SKEW


def count(batch: Batch) -> None:
    """Tell the tally and the log what was taken and what was not."""
    partial = "partial" if batch.events and batch.refusals else ""
    telemetry.note(partial, count=len(batch.events), refused=len(batch.refusals))
    for source, number in Counter(event.context.source or "api" for event in batch.events).items():
        tally.count("accepted", source, number)
    for refusal in batch.refusals:
        for field in {problem.field.partition(".")[0].partition("[")[0] for problem in refusal.problems}:
            tally.count("refused", field or "body")


def summary(batch: Batch) -> dict[str, object]:
    """Counts, and what is wrong with the events that were not taken."""
    errors = [
        {"index": position, "event_id": event_id, "problems": [problem._asdict() for problem in problems]}
        for position, event_id, problems in batch.refusals
    ]
    return {"accepted": len(batch.events), "refused": len(errors), "errors": errors}
