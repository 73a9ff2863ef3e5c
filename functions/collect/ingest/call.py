"""A request as the handlers see it: bounded, unzipped, with its sender's key checked."""

import hmac
import zlib
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from shared.errors import PermanentError, Problem
from shared.http import TooLargeError
from shared.settings import Settings


class Call(NamedTuple):
    """A request. Header names are in lower case; the body is unzipped."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: datetime
    address: str
    """The sender's network address, or nothing."""


def gunzip(body: bytes, limit: int) -> bytes:
    """The unzipped body. Raises TooLargeError before it has over `limit` bytes, PermanentError if it is no gzip."""
    unzip = zlib.decompressobj(wbits=31)
    try:
        text = unzip.decompress(body, limit + 1)
    except zlib.error as error:
        raise PermanentError("malformed", (Problem("", "gzip", str(error)),)) from None
    if len(text) > limit:
        raise TooLargeError(f"more than {limit:,} bytes when unzipped")
    if not unzip.eof:
        raise PermanentError("malformed", (Problem("", "gzip", "a stream that breaks off"),))
    return text


def header_key(headers: Mapping[str, str]) -> str | None:
    """The write key in `Authorization`: Basic with the key as user (with or without a colon), or Bearer."""
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
    """Whether one of the keys shown is one of the site's; every comparison takes the same time."""
    if not settings.keys:
        return True
    given = [key.encode() for key in shown if key]
    matches = [hmac.compare_digest(key, known.encode()) for key in given for known in settings.keys]
    return any(matches)
