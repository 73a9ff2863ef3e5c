"""update_profile: folds each event of the topic `events` into its person's profile, exactly once."""

from datetime import datetime, timedelta
from functools import cache
from typing import Literal

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import wiring
from shared.deliveries import Deliveries
from shared.errors import PermanentError
from shared.events.parse import parse_event
from shared.events.publish import TOPIC, publish_dead_letter
from shared.events.push import Push
from shared.models.personas import PersonaModel
from shared.models.registry import Registry
from shared.profiles import bots, persona
from shared.profiles.commit import Committer, trusting
from shared.profiles.fold import read_terms
from shared.profiles.profile import Profile
from shared.profiles.standing import Standing


@functions_framework.aio.http
async def update_profile(request: Request) -> Response:
    """POST, any path: a Pub/Sub push or CloudEvent. 204 acknowledges; anything else asks for redelivery."""
    reply = await deliveries.answer(request.method, request.stream())
    return Response(reply.body, reply.status, reply.headers)


async def _fold(push: Push) -> str:
    try:
        event = parse_event(push.message.data, wiring.clock(), wiring.settings())
    except PermanentError as error:
        await publish_dead_letter(wiring.topics(wiring.settings()), push, error, "update_profile", TOPIC)
        return "dead_letter"
    await _registry().get("personas", PersonaModel)
    return await _committer().add(event)


@cache
def _registry() -> Registry:
    settings = wiring.settings()
    refresh = timedelta(seconds=settings.model_refresh_s)
    return Registry(wiring.documents(settings), refresh, wiring.clock, personas=PersonaModel)


@cache
def _committer() -> Committer:
    settings = wiring.settings()
    terms = read_terms(settings)

    def decide(
        standing: Standing, profile: Profile, person: str, why: Literal["event", "silence"], now: datetime
    ) -> None:
        persona.settle(standing, profile, person, why, _registry().last("personas", PersonaModel), now, terms)

    judge = bots.judge if settings.bots == "quarantine" else trusting
    documents, topics = wiring.documents(settings), wiring.topics(settings)
    return Committer(documents, topics, terms, settings, wiring.clock, decide, judge)


deliveries = Deliveries(_fold, "outcomes")
