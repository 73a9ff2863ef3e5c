"""GET /v1/ingest/stats: what all instances have counted in the last days, for operators."""

from ingest.call import Call
from shared import http, wiring
from shared.keys import header_key, is_allowed
from shared.tally import COLLECTION, KEPT, read_days, tally


async def show(call: Call) -> http.Reply:
    """By day (UTC), the latest first: accepted, refused, unmapped names, and what became of events and of items."""
    settings = wiring.settings()
    # Not ?write_key=: what stands in an address ends up in logs, and this key lets somebody read.
    if not is_allowed(settings, header_key(call.headers), call.headers.get("x-write-key")):
        return http.error_reply(401, "show a write key: Authorization: Basic, Bearer or X-Write-Key")
    documents = wiring.documents(settings)
    await tally.flush(documents)
    days, stale = await read_days(documents.scan(COLLECTION), call.received_at)
    if stale:
        await documents.delete(COLLECTION, stale)
    return http.json_reply(200, {"kept_days": KEPT.days, "days": days})
