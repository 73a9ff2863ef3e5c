"""Values as GA4 writes them: placeholders for nothing, times in microseconds, ids as numbers."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from shared.errors import PermanentError, Problem
from shared.events.segment_values import Payload, identifier, text

URL = 2_048


def present(fields: Payload) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None}


def label(value: object, limit: int = 256) -> str | None:
    """A text of GA4's, whose placeholders say nothing.

    >>> label("(not set)"), label("(direct)"), label("spring sale"), label(42)
    (None, None, 'spring sale', '42')
    """
    shown = text(value, limit)
    return None if shown and shown.startswith("(") and shown.endswith(")") else shown


def read_micros(value: object, name: str) -> datetime | None:
    """A time in microseconds since 1970, also as text. Raises PermanentError for anything else but nothing."""
    if value is None:
        return None
    shown = identifier(value)
    if isinstance(shown, str) and shown.isascii() and shown.isdigit() and len(shown) <= 17:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(shown))
    raise PermanentError("invalid", (Problem(name, "microseconds since 1970", found(value)),))


def read_id(value: object, name: str) -> str | None:
    """An id, also one sent as a number. Raises PermanentError for what is no id at all."""
    shown = identifier(value)
    if shown is None or isinstance(shown, str):
        return shown or None
    raise PermanentError("invalid", (Problem(name, "an id", found(value)),))


def found(value: object) -> str:
    """The value as an error shows it: of a list or an object, which may be nested deeper than the stack, its type."""
    return ascii(value)[:40] if isinstance(value, str | int | float) else type(value).__name__


def fingerprint(*parts: object) -> str:
    """An id for an event that was sent without one: equal parts, equal id."""
    return f"ga4-{hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:40]}"
