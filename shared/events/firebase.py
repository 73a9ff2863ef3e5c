"""Firebase Analytics' function trigger → Events: the body of 1st-gen functions, and the CloudEvent.

https://github.com/googleapis/google-cloudevents/blob/main/proto/google/events/firebase/analytics/v1/data.proto
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.errors import PermanentError, Problem
from shared.events.event import Event
from shared.events.ga4_params import add_user_properties, read_params, read_place
from shared.events.ga4_values import fingerprint, found, label, present, read_id, read_micros
from shared.events.parse import Batch, Refusal, make_event
from shared.events.segment_values import Payload, first, mapping, number, text
from shared.settings import Settings

MOST_EVENTS = 100
NUMBERS = ("intValue", "floatValue", "doubleValue")


def read_log(payload: Mapping[str, Any], raw: bytes, received_at: datetime, settings: Settings) -> Batch:
    """The Events of one trigger, and what is wrong with those that are none.

    Raises:
        PermanentError: it has no list of events, or too many.
    """
    log = _log(payload) or {}
    listed = log.get("eventDim")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_EVENTS:
        told = str(len(listed)) if isinstance(listed, list) else type(listed).__name__
        raise PermanentError("invalid", (Problem("eventDim", f"1 to {MOST_EVENTS} events", told),))
    events: list[Event] = []
    refusals: list[Refusal] = []
    equals: Counter[str] = Counter()
    for position, one in enumerate(listed):
        try:
            fields = _fields(mapping(one), mapping(log.get("userDim")), settings)
            fields["event_id"] = _event_id(fields["event_id"], equals)
            events.append(make_event(present(fields), raw, received_at, settings))
        except PermanentError as error:
            refusals.append(Refusal(position, None, error.problems))
    return Batch(tuple(events), tuple(refusals))


def is_log(payload: Mapping[str, Any]) -> bool:
    """Whether this is the trigger's payload, in any of its forms."""
    return _log(payload) is not None


def _log(payload: Mapping[str, Any]) -> Payload | None:
    """What every form carries: a binary CloudEvent is nothing else, the others have it as their `data`."""
    return next((one for one in (payload, mapping(payload.get("data"))) if "eventDim" in one), None)


def _event_id(name: str, equals: Counter[str]) -> str:
    """The second of two equal events of one trigger is an act of its own."""
    equals[name] += 1
    return name if equals[name] == 1 else fingerprint(name, equals[name])


def _fields(event: Payload, user: Payload, settings: Settings) -> dict[str, Any]:
    name, micros = event.get("name"), event.get("timestampMicros")
    if not isinstance(name, str) or not name:
        raise PermanentError("invalid", (Problem("name", "the event's name", found(name)),))
    params = _flat(mapping(event.get("params")))
    anonymous_id = read_id(mapping(user.get("appInfo")).get("appInstanceId"), "appInstanceId")
    user_id = read_id(user.get("userId"), "userId")
    fields = read_params(name, _with_value(event, params), settings)
    properties = {key: mapping(one).get("value") for key, one in mapping(user.get("userProperties")).items()}
    add_user_properties(fields["properties"], _flat(properties))
    stated = sorted((key, text(value)) for key, value in params.items())
    return fields | {
        "event_id": fingerprint("firebase", anonymous_id, user_id, text(micros), name, stated),
        "occurred_at": read_micros(micros, "timestampMicros"),
        "user_id": user_id,
        "anonymous_id": anonymous_id,
        "context": present(_context(user, params)),
    }


def _context(user: Payload, params: Payload) -> dict[str, Any]:
    device, place = mapping(user.get("deviceInfo")), read_place(params)
    acquired = mapping(user.get("trafficSource")).get("userAcquiredCampaign")
    return place | {
        "device_type": label(device.get("deviceCategory")),
        "locale": place["locale"] or label(device.get("userDefaultLanguage")),
        "campaign": place["campaign"] or label(acquired),
        "source": "firebase",
    }


def _with_value(event: Payload, params: Payload) -> Payload:
    in_usd = number(event.get("valueInUsd"))
    return params if in_usd is None or "value" in params else {**params, "value": in_usd, "currency": "USD"}


def _flat(values: Payload) -> dict[str, Any]:
    """{"price": {"doubleValue": 9.5}} as {"price": 9.5}; integers come as text."""
    plain = {key: _value(mapping(one)) for key, one in values.items()}
    return present(plain)


def _value(one: Payload) -> Any:
    if (told := text(one.get("stringValue"), 2_048)) is not None:
        return told
    return first(one, *NUMBERS) if number(first(one, *NUMBERS)) is not None else None
