"""/mp/collect over HTTP: what Google's clients send, and what they are told."""

from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from ingest.call import Call
from ingest.measurement import validate
from shared import wiring
from shared.errors import RetryableError
from shared.stores.embedded.queue import EmbeddedTopics
from tests.functions.conftest import Serve

URL = "/mp/collect?measurement_id=G-1&api_secret=S"
KEY = "wk-4f1c0de5-never-in-a-log"
VIEW = {"name": "view_item", "params": {"currency": "USD", "value": 30.03, "items": [{"item_id": "SKU1"}]}}


def body(*events: object, **more: Any) -> dict[str, Any]:
    return {"client_id": "123456.7654321", "events": list(events), **more}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain;charset=UTF-8", "", "text/csv"])
@pytest.mark.parametrize("url", [URL, "/mp/collect?firebase_app_id=1:2:web:3&api_secret=S"])
async def test_a_hit_is_taken_as_google_takes_it(
    serve: Serve, queue: EmbeddedTopics, content_type: str, url: str
) -> None:
    queue.declare("events", "inbox")
    async with serve("collect") as client:
        answer = await client.post(url, content=msgspec.json.encode(body(VIEW)), headers={"content-type": content_type})
    assert (answer.status_code, answer.content) == (204, b"")
    assert queue.pending("inbox") == 1


async def test_bad_events_are_told_and_good_ones_taken(serve: Serve, queue: EmbeddedTopics) -> None:
    queue.declare("events", "inbox")
    bad = {"name": "purchase", "params": {"value": "ten"}}
    async with serve("collect") as client:
        answer = await client.post(URL, json=body(VIEW, bad))
    assert answer.status_code == 400
    assert (answer.json()["accepted"], answer.json()["refused"]) == (1, 1)
    assert answer.json()["errors"][0]["problems"][0]["field"] == "value"
    assert queue.pending("inbox") == 1


async def test_the_secret_is_a_write_key(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_WRITE_KEYS", KEY)
    wiring.settings.cache_clear()
    async with serve("collect") as client:
        statuses = [
            (await client.post("/mp/collect", params={"measurement_id": "G-1", **shown}, json=body(VIEW))).status_code
            for shown in ({"api_secret": KEY}, {"api_secret": "another"}, {})
        ]
    assert statuses == [204, 401, 401]


async def test_a_stream_is_named(serve: Serve) -> None:
    async with serve("collect") as client:
        answer = await client.post("/mp/collect?api_secret=S", json=body(VIEW))
    assert answer.status_code == 400
    assert "measurement_id" in answer.json()["problems"][0]["field"]


async def test_a_topic_that_is_away_asks_to_come_again(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise RetryableError("away")

    monkeypatch.setattr(wiring.topics(wiring.settings()), "publish", away)
    async with serve("collect") as client:
        answer: httpx.Response = await client.post(URL, json=body(VIEW))
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


@pytest.mark.parametrize(
    ("sent", "paths"),
    [
        (body(VIEW), []),
        (body(VIEW, {"name": "purchase", "params": {"value": "ten"}}), ["events[1].value"]),
        (body(), ["events"]),
        (body(VIEW, consent={"ad_personalization": "maybe"}), ["consent.ad_personalization"]),
    ],
)
async def test_validation_takes_nothing_and_tells_in_googles_shape(
    serve: Serve, queue: EmbeddedTopics, sent: dict[str, Any], paths: list[str]
) -> None:
    queue.declare("events", "inbox")
    query = {"measurement_id": "G-1", "api_secret": "S"}
    raw = msgspec.json.encode(sent)
    answer = await validate(Call("POST", "/debug/mp/collect", {}, query, raw, wiring.clock(), ""))
    assert answer.status == 200
    messages = msgspec.json.decode(answer.body)["validationMessages"]
    assert [message["fieldPath"] for message in messages] == paths
    assert all(message["description"] and message["validationCode"] for message in messages)
    assert queue.pending("inbox") == 0


@budget(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: f'{{"events":[{text}]}}'.encode()))
@example(b'{"client_id":"1","events":[{"name":"\\ud800"}]}')
@example(b'{"client_id":"1","client_id":"2","events":[{"name":"a","params":{"value":1e999}}]}')
@example(b'{"client_id":"1.2","events":[{"name":"a","params":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}]}")
async def test_hostile_bodies_are_answered(serve: Serve, sent: bytes) -> None:
    async with serve("collect") as client:
        answer = await client.post(URL, content=sent)
    assert answer.status_code in (204, 400)
