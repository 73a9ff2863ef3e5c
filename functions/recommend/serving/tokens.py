"""POST /v1/tokens: a server asks for a token for the page of one person."""

from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from serving.parts import Parts
from shared import http, wiring
from shared.access import LONGEST, Caller, make_token
from shared.errors import PermanentError, Problem
from shared.ranking.request import Person, read_body

LONGEST_S = int(LONGEST.total_seconds())


class Wanted(Person, frozen=True, kw_only=True):
    """Whose page it is for, and for how long."""

    seconds: Annotated[int, Meta(ge=1, le=LONGEST_S, description="the token is valid for so long")] = 900


class Token(msgspec.Struct, frozen=True):
    """The answer."""

    token: str
    expires_in: int


def answer(parts: Parts, caller: Caller, body: bytes) -> http.Reply:
    """A token, for a server only. Raises PermanentError."""
    if not caller.may_ask_about_all:
        return http.error_reply(403, "a token makes no tokens")
    if not parts.settings.secrets:
        return http.error_reply(409, "no tokens are signed here: set ATTUNE_TOKEN_SECRETS")
    wanted = read_body(body, Wanted)
    if wanted.user_id is None and wanted.anonymous_id is None:
        raise PermanentError("invalid", (Problem("user_id", "user_id, anonymous_id or both", "neither"),))
    lifetime = timedelta(seconds=wanted.seconds)
    secret = parts.settings.secrets[0]
    token = make_token(secret, wanted.user_id, wanted.anonymous_id, wiring.clock(), lifetime)
    return http.json_reply(200, Token(token, wanted.seconds), {"cache-control": "no-store"})
