"""pull: fetches by schedule what others leave in BigQuery, and publishes it. Meant for Cloud Scheduler."""

import asyncio

import functions_framework.aio
from starlette.requests import Request

from pulling.job import PULLS, choose
from pulling.order import Order, parse_order
from shared import http, wiring
from shared.errors import PermanentError, RetryableError
from shared.events.publish import ITEMS, TOPIC
from shared.served import served
from shared.tally import tally

ROUTE = "/v1/pull"
MAX_BYTES = 10_000
RUNNING = asyncio.Lock()


@functions_framework.aio.http
@served("pull", documents=True, warehouse=True, topics=(TOPIC, ITEMS))
async def pull(request: Request) -> http.Reply:
    """POST /v1/pull: optionally {"what": [...], "since": "YYYY-MM-DD"}. Answers what each pull has done."""
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
