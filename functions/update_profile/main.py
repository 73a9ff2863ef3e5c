"""update_profile: folds each event of the topic `events` into its person's profile, exactly once."""

from datetime import datetime, timedelta
from functools import cache
from typing import Literal

import functions_framework.aio
from starlette.requests import Request

from shared import http, telemetry, wiring
from shared.deliveries import Deliveries
from shared.errors import PermanentError
from shared.events.parse import parse_event, received_at
from shared.events.publish import DEAD_LETTERS, TOPIC, publish_dead_letter
from shared.events.push import Push
from shared.models.personas import PersonaModel
from shared.models.registry import Registry
from shared.profiles import bots, persona, refolds
from shared.profiles.commit import Committer, trusting
from shared.profiles.fold import read_terms
from shared.profiles.profile import Profile
from shared.profiles.standing import Standing
from shared.served import served


@functions_framework.aio.http
@served("update_profile", documents=True, topics=(persona.TOPIC, refolds.TOPIC, DEAD_LETTERS))
async def update_profile(request: Request) -> http.Reply:
    """POST, any path: a Pub/Sub push or CloudEvent. 204 acknowledges; anything else asks for redelivery."""
    return await deliveries.answer(request.method, request.stream())


async def _fold(push: Push) -> str:
    try:
        event = parse_event(push.message.data, wiring.clock(), wiring.settings())
    except PermanentError as error:
        await publish_dead_letter(wiring.topics(wiring.settings()), push, error, "update_profile", TOPIC)
        return "dead_letter"
    await _registry().get("personas", PersonaModel)
    outcome = await _committer().add(event)
    if outcome == "applied" and (received := received_at(push.message.data)):
        telemetry.note_freshness((wiring.clock() - received) / timedelta(milliseconds=1))
    return outcome


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
