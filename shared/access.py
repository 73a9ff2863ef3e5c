"""Who may ask what is known of a person: a server, by a key or IAM; a page, by a short-lived token of its person.

A token is a JSON Web Token (RFC 7519), signed with HS256, so a site's server can make it with any library: `sub` is the
user's id, `anonymous_id` the device's (one of them, or both), `aud` is "attune", `iat` and `exp` say from when to when.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from shared import http, keys
from shared.errors import Problem
from shared.iam import is_let_in
from shared.quota import Quota
from shared.settings import Settings

AUDIENCE = "attune"
ALGORITHM = "HS256"
LONGEST = timedelta(hours=24)
LEEWAY = timedelta(seconds=30)
"""Clocks differ by so much."""


class DeniedError(Exception):
    """The caller may not do this; `reply` says why, and what would help."""

    def __init__(self, reply: http.Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Caller(NamedTuple):
    """Whoever asks.

    Attributes:
        name: by which their requests are counted; empty for a server, whose requests are not.
        user_id, anonymous_id: whom a token names; both None for who may ask about everybody.
    """

    name: str = ""
    user_id: str | None = None
    anonymous_id: str | None = None

    @property
    def may_ask_about_all(self) -> bool:
        return self.user_id is None and self.anonymous_id is None

    def check(self, user_id: str | None, anonymous_id: str | None) -> None:
        """Raises DeniedError unless each id that is given is one of the caller's own."""
        own = user_id in (None, self.user_id) and anonymous_id in (None, self.anonymous_id)
        if not (own or self.may_ask_about_all):
            raise DeniedError(http.error_reply(403, "the token is another person's"))


SERVER = Caller()


def identify(settings: Settings, headers: Mapping[str, str], now: datetime, quota: Quota) -> Caller:
    """The caller, by what `Authorization` shows. Raises DeniedError: 401, or 429 to a token that is used too often.

    Keys and secrets are rotated by listing the old one behind the new one for a while.
    """
    shown = keys.header_key(headers)
    if settings.is_open or keys.matches(settings.api | settings.operators, shown) or is_let_in(settings.iam, headers):
        return SERVER
    if shown is None or shown.count(".") != 2 or not settings.secrets:
        raise _unknown("Authorization: Bearer with a key of ATTUNE_API_KEYS, or with a token", "neither")
    caller = _read_token(settings.secrets, shown, now)
    if wait_s := quota.wait_s(caller.name):
        headers = {"retry-after": str(wait_s)}
        raise DeniedError(http.error_reply(429, "too many requests", headers=headers))
    return caller


def make_token(secret: str, user_id: str | None, anonymous_id: str | None, now: datetime, lifetime: timedelta) -> str:
    """A token for a page of this person. `lifetime` is at most `LONGEST`."""
    import jwt  # takes 20 ms, so only where tokens are used

    ids = {"sub": user_id, "anonymous_id": anonymous_id}
    claims = {name: value for name, value in ids.items() if value is not None}
    return jwt.encode({**claims, "aud": AUDIENCE, "iat": now, "exp": now + lifetime}, secret, ALGORITHM)


def _read_token(secrets: tuple[str, ...], token: str, now: datetime) -> Caller:
    import jwt

    claims = None
    for secret in secrets:
        try:
            # Times are checked below, by our clock.
            options = {"verify_exp": False, "verify_iat": False, "require": ["exp", "iat", "aud"]}
            claims = jwt.decode(token, secret, algorithms=[ALGORITHM], audience=AUDIENCE, options=options)  # type: ignore[arg-type]
            break
        except jwt.InvalidTokenError as error:
            found = str(error)
    if claims is None:
        raise _unknown(f"a token for the audience {AUDIENCE}, signed with one of ATTUNE_TOKEN_SECRETS", found)
    begun, ends = claims["iat"], claims["exp"]
    if not all(isinstance(time, int | float) for time in (begun, ends)) or ends - begun > LONGEST.total_seconds():
        raise _unknown(f"iat and exp in seconds, at most {LONGEST / timedelta(hours=1):g} hours apart", "others")
    seconds = now.timestamp()
    if not begun - LEEWAY.total_seconds() <= seconds < ends + LEEWAY.total_seconds():
        raise _unknown("a token that is valid now", f"one from {begun} to {ends}")
    user_id, anonymous_id = claims.get("sub"), claims.get("anonymous_id")
    if not all(one is None or (isinstance(one, str) and one) for one in (user_id, anonymous_id)):
        raise _unknown("sub and anonymous_id that are text", "something else")
    if user_id is None and anonymous_id is None:
        raise _unknown("sub or anonymous_id", "neither")
    return Caller(f"{user_id or ''}\0{anonymous_id or ''}", user_id, anonymous_id)


def _unknown(expected: str, found: str) -> DeniedError:
    problem = Problem("authorization", expected, found[:100])
    reply = http.error_reply(401, "not known", (problem,), {"www-authenticate": 'Bearer realm="attune"'})
    return DeniedError(reply)
