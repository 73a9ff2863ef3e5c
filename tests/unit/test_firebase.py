"""Firebase's trigger payloads → Events."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.events.event import Event
from shared.events.firebase import is_log, read_log
from shared.events.parse import Batch
from shared.settings import Settings
from tests.unit.test_ga4 import JSON

NOW = datetime(2026, 5, 18, tzinfo=UTC)
DATA: dict[str, Any] = {
    "eventDim": [
        {
            "date": "20201202",
            "name": "add_to_cart",
            "params": {
                "ga_session_id": {"intValue": "1606965190"},
                "item_id": {"stringValue": "SKU1"},
                "item_name": {"stringValue": "Shirt"},
                "price": {"doubleValue": 9.5},
                "quantity": {"intValue": "2"},
                "engaged": {"intValue": "1"},
            },
            "timestampMicros": "1606955191246909",
            "valueInUsd": 19.0,
        }
    ],
    "userDim": {
        "userId": "u1",
        "appInfo": {"appId": "com.example.exampleapp", "appInstanceId": "abcdef"},
        "deviceInfo": {"deviceCategory": "mobile", "userDefaultLanguage": "de-de"},
        "trafficSource": {"userAcquiredCampaign": "spring"},
        "userProperties": {"plan": {"value": {"stringValue": "pro"}, "setTimestampUsec": "1", "index": 1}},
    },
}
LEGACY = {
    "context": {
        "eventId": "aaaaaa-1111-bbbb-2222-cccccccccccc",
        "timestamp": "2020-12-02T00:26:31.246Z",
        "eventType": "providers/google.firebase.analytics/eventTypes/event.log",
        "resource": "projects/my-project-id/events/add_to_cart",
    },
    "data": DATA,
}
CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "aaaaaa-1111-bbbb-2222-cccccccccccc",
    "type": "google.firebase.analytics.log.v1.written",
    "source": "//firebase.googleapis.com/projects/my-project-id",
    "subject": "events/add_to_cart",
    "data": DATA,
}


def read(payload: dict[str, Any]) -> Batch:
    return read_log(payload, msgspec.json.encode(payload), NOW, Settings())


def test_every_form_is_the_same_event() -> None:
    assert all(is_log(payload) for payload in (LEGACY, CLOUD_EVENT, DATA))
    [event] = read(LEGACY).events
    assert [event] == list(read(CLOUD_EVENT).events) == list(read(DATA).events)
    assert (event.kind, event.user_id, event.anonymous_id) == ("add_to_cart", "u1", "abcdef")
    assert (event.item_ids, event.quantity, event.value, event.currency) == (("SKU1",), 2.0, 19.0, "USD")
    assert event.occurred_at == datetime(2020, 12, 3, 0, 26, 31, 246909, tzinfo=UTC)
    assert msgspec.to_builtins(event.context) == {
        "device_type": "mobile",
        "session_id": "1606965190",
        "campaign": "spring",
        "locale": "de-de",
        "source": "firebase",
    }
    assert event.properties == {
        "products": [{"product_id": "SKU1", "name": "Shirt", "price": 9.5, "quantity": 2.0}],
        "engaged": "1",
        "user_properties": {"plan": "pro"},
    }


def test_bad_events_are_named_and_good_ones_kept() -> None:
    payload = deepcopy(DATA)
    good = payload["eventDim"][0]
    payload["eventDim"] += [good, {"name": "x"}, {"timestampMicros": "1606955191246909"}, 7]
    batch = read(payload)
    assert len({event.event_id for event in batch.events}) == 2
    assert [(each.position, each.problems[0].field) for each in batch.refusals] == [
        (2, "occurred_at"),
        (3, "name"),
        (4, "name"),
    ]


@pytest.mark.parametrize("payload", [{}, {"eventDim": 3}, {"eventDim": []}, {"data": {"eventDim": [1] * 101}}])
def test_what_is_no_log_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(PermanentError, match="eventDim"):
        read(payload)


@given(st.fixed_dictionaries({}, optional={"userDim": JSON, "eventDim": JSON}), JSON)
def test_any_payload_is_read_or_refused(hostile: dict[str, Any], params: Any) -> None:
    event = DATA["eventDim"][0] | {"params": params}
    for payload in (hostile, DATA | hostile, {"eventDim": [event], "userDim": hostile}):
        try:
            batch = read(payload)
        except PermanentError:
            continue
        for one in batch.events:
            assert msgspec.json.decode(msgspec.json.encode(one), type=Event) == one
