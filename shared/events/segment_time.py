"""When a Segment event happened: the sender's clock, corrected by ours."""

from datetime import UTC, datetime, timedelta

from shared.errors import PermanentError, Problem
from shared.events.segment_values import Payload

TOLERATED_SKEW = timedelta(seconds=30)
"""A clock this far off is left alone. receivedAt − sentAt is the clock's error *plus* the way over the network, and an
event that is sent again has a new sentAt: correcting small differences would give the same event another time with
every delivery, by that jitter, and a profile folded from either would differ. Thirty seconds are nothing to an interest
that decays over days; clocks that are wrong in a way that matters are wrong by minutes to years."""


def read_moment(payload: Payload, received_at: datetime) -> datetime:
    """The time of the event in UTC. Raises PermanentError where it is unreadable.

    Segment's spec, "Timestamps": timestamp = receivedAt − (sentAt − originalTimestamp), where `originalTimestamp` is
    what libraries send as `timestamp`. What Segment forwards carries both, and its `timestamp` is the corrected one.
    """
    if {"timestamp", "originalTimestamp", "receivedAt"} <= payload.keys():
        return _utc(payload["timestamp"], "timestamp")
    name = "originalTimestamp" if "originalTimestamp" in payload else "timestamp"
    arrived = _lenient(payload.get("receivedAt")) or received_at
    if payload.get(name) in (None, ""):
        return arrived
    return _corrected(_utc(payload[name], name), _lenient(payload.get("sentAt")), arrived)


def _corrected(original: datetime, sent: datetime | None, arrived: datetime) -> datetime:
    skew = arrived - sent if sent else timedelta(0)
    if abs(skew) <= TOLERATED_SKEW:
        return original
    try:
        return original + skew
    except OverflowError:
        raise PermanentError("invalid", (Problem("timestamp", "a time near sentAt", original.isoformat()),)) from None


def _lenient(value: object) -> datetime | None:
    """The time, or None: without a readable sentAt nothing can be corrected, and the event is as good."""
    try:
        return _utc(value, "")
    except PermanentError:
        return None


def _utc(value: object, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None:
            # A few old libraries write UTC without saying so.
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PermanentError("invalid", (Problem(name, "an ISO 8601 time", repr(value)[:40]),))
