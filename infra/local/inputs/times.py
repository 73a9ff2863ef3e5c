"""Times as data sets write them → RFC 3339 in UTC."""

import re
from datetime import UTC, datetime

EPOCH_SECONDS = re.compile(r"-?\d{1,11}(\.\d+)?")


def parse_time(text: str) -> datetime | None:
    """RFC 3339, `YYYY-MM-DD HH:MM:SS[ UTC]`, or seconds since 1970; None if it is neither.

    A time without an offset is taken as UTC.

    >>> parse_time("2019-10-01 00:00:01 UTC").isoformat()
    '2019-10-01T00:00:01+00:00'
    """
    try:
        if EPOCH_SECONDS.fullmatch(text):
            return datetime.fromtimestamp(float(text), UTC)
        time = datetime.fromisoformat(text.removesuffix(" UTC"))
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: within a day of year 1 or 9999, or beyond
        return None


def to_rfc3339(time: datetime) -> str:
    """An aware UTC time as text that ends in Z."""
    return time.isoformat().removesuffix("+00:00") + "Z"


def normalise_time(text: str) -> str:
    """`text` as RFC 3339 in UTC, or as it is if it is no time: then collect refuses it and says why."""
    time = parse_time(text)
    return text if time is None else to_rfc3339(time)
