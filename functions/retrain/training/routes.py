"""What an operator may ask about models: /v1/models."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from shared import http
from shared.errors import PermanentError, Problem
from shared.keys import is_operator, not_an_operator
from shared.settings import Settings
from shared.stores.ports import Documents
from training.versions import list_versions, promote, rollback, show_version

ROUTE = "/v1/models"
ACTIONS = ("promote", "rollback")


class Ask(msgspec.Struct, forbid_unknown_fields=True):
    """Which model: NAME@VERSION, or where the live one is meant NAME."""

    model: str


async def answer(
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    documents: Documents,
    settings: Settings,
    clock: Callable[[], datetime],
) -> http.Reply:
    """The answer to a request below /v1/models. May raise PermanentError and RetryableError."""
    if not is_operator(settings, headers):
        return not_an_operator()
    what = path.removeprefix(ROUTE).strip("/")
    if what in ACTIONS:
        if method != "POST":
            return http.not_allowed("POST")
        model = _read(body)
        done = promote(documents, model, clock) if what == "promote" else rollback(documents, model, clock)
        return http.json_reply(200, await done)
    if method != "GET":
        return http.not_allowed("GET")
    if not what:
        return http.json_reply(200, {"models": await list_versions(documents)})
    return http.json_reply(200, await show_version(documents, what))


def _read(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=Ask).model
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PermanentError("invalid", (Problem("model", '{"model": "NAME@VERSION"}', str(error)),)) from None
