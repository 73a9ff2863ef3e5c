"""sweep: finds the people whose persona changed by silence, and announces each on `persona-changes`."""

from datetime import datetime, timedelta
from typing import Literal

import functions_framework.aio
from starlette.requests import Request

from shared import http, wiring
from shared.errors import RetryableError
from shared.models.personas import PersonaModel
from shared.models.registry import Registry
from shared.profiles import persona
from shared.profiles.commit import Committer
from shared.profiles.fold import read_terms
from shared.profiles.profile import Profile
from shared.profiles.record import Record
from shared.profiles.standing import Standing
from shared.profiles.sweep import Sweep, is_due
from shared.served import served

ROUTE = "/v1/sweep"


@functions_framework.aio.http
@served("sweep", documents=True, topics=(persona.TOPIC,))
async def sweep(request: Request) -> http.Reply:
    """POST /v1/sweep: meant for Cloud Scheduler. Answers how many profiles it looked at and how many changed."""
    if request.url.path != ROUTE:
        return http.not_found(request.url.path, f"POST {ROUTE}")
    if request.method != "POST":
        return http.not_allowed("POST")
    try:
        return http.json_reply(200, await _sweep())
    except RetryableError as error:
        return http.try_later(error)


async def _sweep() -> dict[str, int]:
    settings, now = wiring.settings(), wiring.clock()
    documents, terms = wiring.documents(settings), read_terms(settings)
    registry = Registry(documents, timedelta(0), wiring.clock, personas=PersonaModel)
    model = await registry.get("personas", PersonaModel)

    def decide(
        standing: Standing, profile: Profile, person: str, why: Literal["event", "silence"], now: datetime
    ) -> None:
        persona.settle(standing, profile, person, why, model, now, terms)

    def due(record: Record) -> bool:
        return is_due(record, model, now, terms)

    # A committer of this sweep alone: it decides by the model that was read for it.
    committer = Committer(documents, wiring.topics(settings), terms, settings, wiring.clock, decide)
    return await Sweep(documents, settings, due, committer.settle).run()
