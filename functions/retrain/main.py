"""retrain: fits the models on the log, judges them and makes them live. Meant for Cloud Scheduler."""

import functions_framework.aio
from starlette.requests import Request

from shared import http, wiring
from shared.errors import PermanentError, RetryableError
from shared.served import served
from training import routes
from training.lease import TakenError
from training.order import parse_order
from training.paths import route as paths_route
from training.run import open_stores
from training.run import retrain as retrain_models

ROUTE = "/v1/retrain"
MAX_BYTES = 10_000


@functions_framework.aio.http
@served("retrain", documents=True, warehouse=True)
async def retrain(request: Request) -> http.Reply:
    """POST /v1/retrain: optionally {"models": [...], "cutoff": "...", "force": true}. /v1/models, /v1/paths."""
    path = request.url.path
    is_about_models = path == routes.ROUTE or path.startswith(f"{routes.ROUTE}/")
    if path == paths_route.ROUTE:
        return await _paths(request)
    if path != ROUTE and not is_about_models:
        return http.not_found(path, f"POST {ROUTE}", f"GET {routes.ROUTE}", f"GET {paths_route.ROUTE}")
    if not is_about_models and request.method != "POST":
        return http.not_allowed("POST")
    try:
        body = await http.read_body(request.stream(), MAX_BYTES)
        return await (_models(request, body) if is_about_models else _retrain(body))
    except http.TooLargeError as error:
        return http.error_reply(413, f"the body has {error}")
    except PermanentError as error:
        return http.refusal(error)
    except TakenError as error:
        return http.error_reply(409, str(error))
    except RetryableError as error:
        return http.try_later(error)


async def _retrain(body: bytes) -> http.Reply:
    stores = open_stores(wiring.settings())
    order = parse_order(body, wiring.clock())
    if not order.export:
        return http.json_reply(200, await retrain_models(order, stores))
    # Imported here: numpy and implicit are for those who train.
    from training.export import export

    return http.json_reply(200, await export(order, stores))


async def _models(request: Request, body: bytes) -> http.Reply:
    settings = wiring.settings()
    about = request.method, request.url.path, request.headers, body
    return await routes.answer(*about, wiring.documents(settings), settings, wiring.clock)


async def _paths(request: Request) -> http.Reply:
    settings = wiring.settings()
    if request.method != "GET":
        return http.not_allowed("GET")
    try:
        return await paths_route.answer(request.query_params, request.headers, wiring.documents(settings), settings)
    except PermanentError as error:
        return http.refusal(error)
    except RetryableError as error:
        return http.try_later(error)
