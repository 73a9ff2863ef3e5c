"""recommend: the persona and the best items for a person, each with its reason."""

from datetime import timedelta
from functools import cache
from uuid import uuid4

import functions_framework.aio
import msgspec
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from shared import http, wiring
from shared.decisions import DecisionLog
from shared.errors import PermanentError
from shared.models.blend import BlendModel
from shared.models.catalogue import Catalogue
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.registry import Registry
from shared.profiles.fold import read_terms
from shared.ranking.recommend import Answer, Recommender
from shared.ranking.request import Ask, read_ask
from shared.tally import tally

ROUTE = "/v1/recommendations"


@functions_framework.aio.http
async def recommend(request: Request) -> Response:
    """GET /v1/recommendations?user_id=…&n=…"""
    if request.url.path == ROUTE and request.method == "GET":
        try:
            return await _answer(read_ask(request.query_params))
        except PermanentError as error:
            return _respond(http.refusal(error))
    if request.url.path == ROUTE:
        return _respond(http.not_allowed("GET"))
    if request.url.path == "/healthz":
        return _respond(http.json_reply(200, {"status": "ok"}))
    return _respond(http.not_found(request.url.path, f"GET {ROUTE}"))


async def _answer(ask: Ask) -> Response:
    answer = await _recommender().answer(ask.person, ask.n)
    decision = {
        "decision_id": uuid4().hex,
        "user_id": ask.user_id,
        "anonymous_id": ask.anonymous_id,
        **answer._asdict(),
    }
    reply = http.json_reply(200, {**decision, "items": [item._asdict() for item in answer.items]})
    return _respond(reply, BackgroundTask(_log_decision, {**decision, "n": ask.n, "items": _logged(answer)}))


def _logged(answer: Answer) -> list[dict[str, str | float]]:
    """What the log keeps of each item; names and categories are the catalogue's."""
    return [{"item_id": i.item_id, "score": i.score, "source": i.source, "reason": i.reason} for i in answer.items]


async def _log_decision(decision: dict[str, object]) -> None:
    """After the answer has gone out; a graceful shutdown waits for it."""
    await _decisions().add(msgspec.json.encode({**decision, "decided_at": wiring.clock()}))
    tally.flush_later(lambda: wiring.documents(wiring.settings()))


@cache
def _decisions() -> DecisionLog:
    return DecisionLog(wiring.topics(wiring.settings()))


@cache
def _recommender() -> Recommender:
    settings = wiring.settings()
    documents = wiring.documents(settings)
    refresh = timedelta(seconds=settings.model_refresh_s)
    registry = Registry(
        documents, refresh, wiring.clock, personas=PersonaModel, popularity=PopularityModel, blend=BlendModel
    )
    catalogue = Catalogue(documents, settings.item_cache, timedelta(seconds=settings.item_refresh_s), wiring.clock)
    return Recommender(documents, registry, catalogue, read_terms(settings), settings, wiring.clock)


def _respond(reply: http.Reply, after: BackgroundTask | None = None) -> Response:
    return Response(reply.body, reply.status, reply.headers, background=after)
