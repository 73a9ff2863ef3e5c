"""Keys that a request shows: a sender's, which stand in pages for all to see, and an operator's, which do not."""

import hmac
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping

from shared import http
from shared.settings import Settings


def header_key(headers: Mapping[str, str]) -> str | None:
    """The key in `Authorization`: Basic with the key as user (with or without a colon), or Bearer."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        return b64decode(value, validate=True).decode().partition(":")[0] or None
    except (Base64Error, UnicodeDecodeError):
        return None


def is_allowed(settings: Settings, *shown: str | None) -> bool:
    """Whether one of the keys shown is one of the site's."""
    return not settings.keys or matches(settings.keys, *shown)


def is_operator(settings: Settings, headers: Mapping[str, str]) -> bool:
    """Whether an operator asks. A site that guards any door has no open one for operators either."""
    return settings.is_open or matches(settings.operators, header_key(headers))


def not_an_operator() -> http.Reply:
    """The answer to everybody else."""
    return http.error_reply(401, "show a key of ATTUNE_OPERATOR_KEYS: Authorization: Basic or Bearer")


def matches(known: frozenset[str], *shown: str | None) -> bool:
    """Whether one of the keys shown is known. Every comparison takes the same time."""
    given = [key.encode() for key in shown if key]
    found = [hmac.compare_digest(key, one.encode()) for key in given for one in known]
    return any(found)
