"""pull: fetches by schedule what others leave in BigQuery, and publishes it. Meant for Cloud Scheduler."""

import asyncio

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from pulling.job import PULLS, choose
from pulling.order import Order, parse_order
from shared import http, wiring
from shared.errors import PermanentError, RetryableError
from shared.tally import tally
from shared.telemetry import log

ROUTE = "/v1/pull"
MAX_BYTES = 10_000
RUNNING = asyncio.Lock()


@functions_framework.aio.http
async def pull(request: Request) -> Response:
    """POST /v1/pull: optionally {"what": [...], "since": "YYYY-MM-DD"}. Answers what each pull has done."""
    reply = await _answer(request)
    return Response(reply.body, reply.status, reply.headers)


async def _answer(request: Request) -> http.Reply:
    if request.url.path == "/healthz":
        return http.json_reply(200, {"status": "ok"})
    if request.url.path != ROUTE:
        return http.not_found(request.url.path, f"POST {ROUTE}")
    if request.method != "POST":
        return http.not_allowed("POST")
    try:
        body = await http.read_body(request.stream(), MAX_BYTES)
        return await _pull(parse_order(body, list(PULLS), wiring.clock()))
    except http.TooLargeError as error:
        return http.error_reply(413, f"the body has {error}")
    except PermanentError as error:
        return http.refusal(error)
    except RetryableError as error:
        log("WARNING", "not pulled; the next pull goes on from here", reason=str(error))
        return http.try_later(error)


async def _pull(order: Order) -> http.Reply:
    settings = wiring.settings()
    names = choose(order, settings)
    if RUNNING.locked():
        return http.error_reply(409, "a pull is running")
    async with RUNNING:
        reports = {name: await PULLS[name].run(order.since, wiring.clock(), settings) for name in names}
    tally.flush_later(lambda: wiring.documents(settings))
    return http.json_reply(200, {"pulls": {name: report.as_json() for name, report in reports.items()}})
