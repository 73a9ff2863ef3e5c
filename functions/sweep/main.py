"""sweep: finds the people whose persona changed by silence, and announces each on `persona-changes`."""

from contextlib import suppress
from datetime import datetime, timedelta

import functions_framework.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shared import http, wiring
from shared.errors import ConflictError, RetryableError
from shared.models.personas import PersonaModel, persona_of
from shared.models.registry import Registry
from shared.profiles.commit import COLLECTION, read_profile
from shared.profiles.face import features
from shared.profiles.fold import read_terms
from shared.stores.ports import Document, Message

ROUTE = "/v1/sweep"
TOPIC = "persona-changes"


@functions_framework.aio.http
async def sweep(request: Request) -> Response:
    """POST /v1/sweep: meant for Cloud Scheduler. Answers how many profiles it looked at and how many changed."""
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
        return http.json_reply(200, await _sweep())
    except RetryableError as error:
        return http.try_later(error)


async def _sweep() -> dict[str, int]:
    settings, now = wiring.settings(), wiring.clock()
    documents = wiring.documents(settings)
    registry = Registry(documents, timedelta(0), wiring.clock, personas=PersonaModel)
    model = await registry.get("personas", PersonaModel)
    looked_at = changed = 0
    async for key, document in documents.scan(COLLECTION):
        looked_at += 1
        changed += await _settle(key, document, model, now)
    return {"profiles": looked_at, "changed": changed}


async def _settle(key: str, document: Document, model: PersonaModel | None, now: datetime) -> bool:
    """Announce first, then write: a change may be announced twice, never lost."""
    settings = wiring.settings()
    profile = read_profile(document, settings)
    before = document.fields.get("persona")
    after = persona_of(model, features(profile, now, read_terms(settings).session_cap_ms))
    if after == before:
        return False
    change = {"user": key, "from": before, "to": after, "why": "silence", "at": now}
    await wiring.topics(settings).publish(TOPIC, [Message(msgspec.json.encode(change), key=key)])
    with suppress(ConflictError):  # then an event has just arrived and decided anew
        await wiring.documents(settings).put(COLLECTION, key, {**document.fields, "persona": after}, document.version)
    return True
