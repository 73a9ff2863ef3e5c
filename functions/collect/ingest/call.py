"""A request as the handlers see it: bounded and unzipped."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from shared.errors import PermanentError, Problem
from shared.http import TooLargeError


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
