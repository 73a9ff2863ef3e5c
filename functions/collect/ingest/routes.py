"""Which handler takes which request, and what all of them have in common: bounds, gzip, CORS, errors."""

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping

from ingest import events, items, measurement, openapi, script, segment, segment_batch, stats, webhook
from ingest.call import Call, gunzip
from shared import http, wiring
from shared.cors import allow, cors_headers
from shared.errors import PermanentError, RetryableError
from shared.tally import tally

Handler = Callable[[Call], Awaitable[http.Reply]]

HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("POST", "/v1/events"): events.take,
    ("PUT", "/v1/items"): items.put,
    ("GET", "/v1/ingest/stats"): stats.show,
    **{("POST", f"/v1/{name}"): segment.take for name in segment.CALLS},
    ("POST", "/v1/m"): segment.take_metrics,
    ("POST", "/v1/segment/webhook"): webhook.take,
    ("POST", "/v1/segment/function"): webhook.take,
    ("POST", "/mp/collect"): measurement.take,
    ("POST", "/debug/mp/collect"): measurement.validate,
    ("GET", "/v1/openapi.json"): openapi.serve,
    ("GET", "/collector.js"): script.serve,
}
"""(method, path) → handler; and `GET /v1/projects/{writeKey}/settings` beside them."""

PROJECTS = "/v1/projects/"


async def answer(
    method: str,
    path: str,
    headers: Mapping[str, str],
    query: Mapping[str, str],
    body: AsyncIterable[bytes],
    address: str,
) -> http.Reply:
    """The answer to one request, whatever it is."""
    settings = wiring.settings()
    cors = cors_headers(settings, headers)
    if method == "OPTIONS":
        return http.Reply(204, headers=cors)
    reply = await _answer(method, path, headers, query, body, address)
    tally.flush_later(lambda: wiring.documents(wiring.settings()))
    return allow(reply, cors)


async def _answer(
    method: str,
    path: str,
    headers: Mapping[str, str],
    query: Mapping[str, str],
    body: AsyncIterable[bytes],
    address: str,
) -> http.Reply:
    handler = _find(method, path)
    if handler is None:
        return _missing(path)
    limit = wiring.settings().max_batch_bytes
    try:
        read = await http.read_body(body, limit)
        if headers.get("content-encoding", "").lower() == "gzip":
            read = gunzip(read, limit)
        return await handler(Call(method, path, headers, query, read, wiring.clock(), address))
    except http.TooLargeError as error:
        told = f"the body has {error}; send smaller batches"
        return segment_batch.failure(413, "too_large", told) if handler is segment.take else http.error_reply(413, told)
    except PermanentError as error:
        return segment_batch.refused(error) if handler is segment.take else http.refusal(error)
    except RetryableError as error:
        return http.try_later(error)


def _find(method: str, path: str) -> Handler | None:
    if method == "GET" and path.startswith(PROJECTS) and path.endswith("/settings"):
        return segment.project_settings
    return HANDLERS.get((method, path))


def _missing(path: str) -> http.Reply:
    methods = sorted(method for method, known in HANDLERS if known == path)
    if methods:
        return http.not_allowed(*methods)
    return http.not_found(path, *sorted({known for _, known in HANDLERS}))
