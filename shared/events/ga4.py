"""GA4's Measurement Protocol: the body of `/mp/collect` → Events.

https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from shared.errors import PermanentError, Problem
from shared.events.event import Event
from shared.events.ga4_params import add_user_properties, read_params, read_place
from shared.events.ga4_values import found, label, present, read_id, read_micros
from shared.events.parse import Batch, Refusal, make_event
from shared.events.segment_context import read_network
from shared.events.segment_values import Payload, first, mapping, text
from shared.settings import Settings

MOST_EVENTS = 25
AGENT = 1_024
ANSWERS = {"GRANTED": True, "DENIED": False}

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_any = msgspec.json.Decoder().decode
_unreadable = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_measurement(body: bytes, received_at: datetime, settings: Settings) -> Batch:
    """The Events of a body, and what is wrong with those of its events that are none.

    The protocol has no event ids. Where the sender states a time (`timestamp_micros`), an event's id is made of
    the sender, that time and the event's own bytes, so sending it again changes nothing; the second of two equal
    events in one body is an act of its own. Where no time is stated, the time and place of arrival stand for it:
    equal hits are distinct acts, and a repetition can not be told from one.

    Raises:
        PermanentError: the body is not an object, its consent is unreadable, or it has no events or too many.
    """
    try:
        parts = _object(body)
        raws = _events(parts.pop("events", msgspec.Raw(b"null")))
        sender = mapping({name: _any(raw) for name, raw in parts.items()})
    except _unreadable as error:
        raise PermanentError("malformed", (Problem("", "a JSON object with a list of events", str(error)),)) from None
    if not 1 <= len(raws) <= MOST_EVENTS:
        raise PermanentError("invalid", (Problem("events", f"1 to {MOST_EVENTS} events", str(len(raws))),))
    common = _common(sender, settings)
    events: list[Event] = []
    refusals: list[Refusal] = []
    equals: Counter[bytes] = Counter()
    for position, raw in enumerate(map(bytes, raws)):
        try:
            events.append(_event(raw, (position, equals[raw]), sender, common, received_at, settings))
        except PermanentError as error:
            refusals.append(Refusal(position, None, error.problems))
        equals[raw] += 1
    return Batch(tuple(events), tuple(refusals))


def read_consent(sender: Payload) -> tuple[str, ...] | None:
    """Purposes allowed: `ad_personalization` is Attune's `personalization`, `ad_user_data` is `advertising`.

    Where the former is not stated, nothing is: a list without `personalization` would be a refusal.

    >>> read_consent({"consent": {"ad_personalization": "GRANTED"}}), read_consent({"non_personalized_ads": True})
    (('personalization',), ())
    """
    consent = mapping(sender.get("consent"))
    personalized = _answer(consent, "ad_personalization")
    if personalized is None and sender.get("non_personalized_ads") is True:
        personalized = False  # what the protocol had before `consent`
    shared = _answer(consent, "ad_user_data")
    if personalized is None:
        return None
    return (*(("personalization",) if personalized else ()), *(("advertising",) if shared else ()))


def _events(raw: msgspec.Raw) -> Sequence[msgspec.Raw]:
    """ga4mp sends a postponed event as an object by itself; Google takes it, too."""
    return [raw] if bytes(raw).lstrip()[:1] == b"{" else _list(raw)


def _common(sender: Payload, settings: Settings) -> dict[str, Any]:
    """What the body says of all its events."""
    device, stated = mapping(sender.get("device")), mapping(sender.get("user_properties"))
    return {
        "user_id": read_id(sender.get("user_id"), "user_id"),
        "anonymous_id": read_id(first(sender, "client_id", "app_instance_id"), "client_id"),
        "consent": read_consent(sender),
        "context": {
            "device_type": label(device.get("category")),
            "locale": label(device.get("language")),
            "user_agent": text(sender.get("user_agent"), AGENT),
            "ip": read_network(sender.get("ip_override"), settings),
            "source": "ga4",
        },
        "user_properties": {name: one.get("value") if isinstance(one, dict) else one for name, one in stated.items()},
    }


def _event(
    raw: bytes, place: tuple[int, int], sender: Payload, common: Payload, received_at: datetime, settings: Settings
) -> Event:
    name, params, event = _parse(raw)
    stated = first(event, "timestamp_micros") or first(sender, "timestamp_micros")
    occurred_at = read_micros(stated, "timestamp_micros")
    position, equals = place
    moment = f"{stated}#{equals}" if occurred_at else f"{received_at.isoformat()}#{position}"
    who = f"{common['anonymous_id']}\0{common['user_id']}\0{moment}\0"
    fields = read_params(name, params, settings)
    add_user_properties(fields["properties"], common["user_properties"])
    fields |= {
        "user_id": common["user_id"],
        "anonymous_id": common["anonymous_id"],
        "consent": common["consent"],
        "event_id": f"ga4-{hashlib.sha256(who.encode(errors='replace') + raw).hexdigest()[:40]}",
        "occurred_at": occurred_at or received_at,
        "context": present({**common["context"], **present(read_place(params))}),
    }
    return make_event(present(fields), raw, received_at, settings)


def _parse(raw: bytes) -> tuple[str, Payload, Payload]:
    try:
        event = mapping(_any(raw))
    except _unreadable as error:
        raise PermanentError("malformed", (Problem("", "an event", str(error)),)) from None
    name, params = event.get("name"), event.get("params", {})
    problems = []
    if not isinstance(name, str) or not name.strip():
        problems.append(Problem("name", "the event's name", found(name)))
    if not isinstance(params, dict):
        problems.append(Problem("params", "an object", type(params).__name__))
    if problems:
        raise PermanentError("invalid", tuple(problems))
    return str(name), mapping(params), event


def _answer(consent: Payload, name: str) -> bool | None:
    stated = consent.get(name)
    if stated is None:
        return None
    if isinstance(stated, str) and stated.upper() in ANSWERS:
        return ANSWERS[stated.upper()]
    raise PermanentError("invalid", (Problem(f"consent.{name}", "GRANTED or DENIED", found(stated)),))
