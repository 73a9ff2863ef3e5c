"""POST /v1/events: canonical Events."""

from ingest.call import Call, header_key, is_allowed
from shared import http, wiring
from shared.events.parse import Batch, parse_batch
from shared.events.publish import publish_events
from shared.tally import tally


async def take(call: Call) -> http.Reply:
    """One Event or a list of them. 202, or 400 with every bad field of every bad event; the good ones are taken."""
    settings = wiring.settings()
    if not is_allowed(settings, header_key(call.headers), call.headers.get("x-write-key"), call.query.get("write_key")):
        return http.error_reply(401, "show a write key: Authorization: Basic, Bearer, X-Write-Key, or ?write_key=")
    if http.media_type(call.headers.get("content-type", "")) not in ("application/json", "text/plain"):
        return http.error_reply(415, "send application/json")
    batch = parse_batch(call.body, call.received_at, settings)
    await publish_events(wiring.topics(settings), batch.events)
    count(batch)
    return http.json_reply(400 if batch.refusals else 202, summary(batch))


def count(batch: Batch) -> None:
    """Tell the tally what was taken and what was not."""
    for event in batch.events:
        tally.count("accepted", event.context.source or "api")
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
