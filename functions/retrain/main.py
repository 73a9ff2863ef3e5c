"""retrain: fits the models on the log and makes them live. Meant for Cloud Scheduler."""

import asyncio
from collections.abc import Mapping

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import http, wiring
from shared.errors import PermanentError, RetryableError
from shared.profiles.quarantined import quarantined
from shared.profiles.standing import Standing
from training.job import train
from training.order import Order, parse_order
from training.publish import publish, remember
from training.quarantine import forget_quarantined, write_quarantined
from training.results import Model, Trained, report
from training.tables import create_tables

ROUTE = "/v1/retrain"
MAX_BYTES = 10_000
RUNNING = asyncio.Lock()


@functions_framework.aio.http
async def retrain(request: Request) -> Response:
    """POST /v1/retrain: optionally {"models": [...], "cutoff": "..."}. Answers what became of each model."""
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
        order = parse_order(await http.read_body(request.stream(), MAX_BYTES), wiring.clock())
        return await _retrain(order)
    except http.TooLargeError as error:
        return http.error_reply(413, f"the body has {error}")
    except PermanentError as error:
        return http.refusal(error)
    except RetryableError as error:
        return http.try_later(error)


async def _retrain(order: Order) -> http.Reply:
    if RUNNING.locked():
        return http.error_reply(409, "a retraining is running; its models will be live when it ends")
    async with RUNNING:
        documents = wiring.documents(wiring.settings())
        excluded = await quarantined(documents, wiring.settings())
        left_out, trained = await asyncio.to_thread(_train, order, excluded)
        await remember(documents, trained, order.cutoff)
        await publish(documents, trained)
    models = {model: report(each) for model, each in trained.items()}
    return http.json_reply(200, {"cutoff": order.cutoff, "models": models, "left_out": left_out})


def _train(order: Order, excluded: Mapping[str, Standing]) -> tuple[dict[str, object], dict[Model, Trained]]:
    settings = wiring.settings()
    warehouse = wiring.warehouse(settings)
    create_tables(warehouse)
    left_out = write_quarantined(warehouse, excluded)
    try:
        return left_out, train(warehouse, order.models, order.cutoff, settings)
    finally:
        forget_quarantined(warehouse)
