"""POST /mp/collect: GA4's Measurement Protocol, from its clients and from server-side Tag Manager."""

from ingest.call import Call
from ingest.events import count, summary
from shared import http, wiring
from shared.errors import PermanentError, Problem
from shared.events.ga4 import read_measurement
from shared.events.ga4_params import unmapped_name
from shared.events.parse import Batch
from shared.events.publish import publish_events
from shared.keys import is_allowed
from shared.tally import tally

STREAMS = ("measurement_id", "firebase_app_id")


async def take(call: Call) -> http.Reply:
    """204 as from Google, whatever the content type; but 400 with what is wrong with events that are not taken.

    Google answers 204 to everything, and its users learn of a wrong name weeks later, from a report without it.
    """
    if refused := _stranger(call):
        return refused
    settings = wiring.settings()
    batch = read_measurement(call.body, call.received_at, settings)
    await publish_events(wiring.topics(settings), batch.events)
    count(batch)
    for name in filter(None, (unmapped_name(event, settings) for event in batch.events)):
        tally.count("unmapped", name)
    return http.json_reply(400, summary(batch)) if batch.refusals else http.Reply(204)


async def validate(call: Call) -> http.Reply:
    """POST /debug/mp/collect: what would be refused, in the shape of Google's validation server; nothing is taken."""
    if refused := _stranger(call):
        return refused
    try:
        batch = read_measurement(call.body, call.received_at, wiring.settings())
    except PermanentError as error:
        messages = [_message("", problem) for problem in error.problems]
    else:
        messages = _messages(batch)
    return http.json_reply(200, {"validationMessages": messages})


def _stranger(call: Call) -> http.Reply | None:
    """The answer to who does not show a key, or does not say which stream this is."""
    if not is_allowed(wiring.settings(), call.query.get("api_secret")):
        return http.error_reply(401, "show a write key as ?api_secret=")
    if not any(call.query.get(name) for name in STREAMS):
        problem = Problem(" or ".join(STREAMS), "the stream's name in the query", "nothing")
        return http.error_reply(400, "invalid", (problem,))
    return None


def _messages(batch: Batch) -> list[dict[str, str]]:
    return [_message(f"events[{one.position}].", problem) for one in batch.refusals for problem in one.problems]


def _message(place: str, problem: Problem) -> dict[str, str]:
    return {
        "fieldPath": f"{place}{problem.field}".rstrip("."),
        "description": f"expected {problem.expected}, found {problem.found}",
        "validationCode": "VALUE_REQUIRED" if problem.found == "nothing" else "VALUE_INVALID",
    }
