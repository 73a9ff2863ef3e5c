"""Hostile input over HTTP: always a 4xx that says why, nothing stored, never a 500."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.asgi import call
from infra.local.embedded import load
from infra.local.layout import FUNCTIONS
from shared import wiring
from shared.stores.embedded.queue import EmbeddedTopics
from tests.unit.test_parse import GOOD, json_values

APPS = {function.name: load(function) for function in FUNCTIONS}


@pytest.fixture(scope="module", autouse=True)
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedTopics]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATTUNE_DATA", str(tmp_path_factory.mktemp("data")))
        wiring.settings.cache_clear()
        topics = wiring.queue(wiring.settings())
        topics.declare("events", "inbox")
        yield topics
        asyncio.run(wiring.close_all())
    wiring.settings.cache_clear()


def post(body: bytes) -> tuple[int, dict[str, Any]]:
    status, answer = asyncio.run(call(APPS["collect"], "POST", "/v1/events", body))
    return status, msgspec.json.decode(answer)


hostile = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
    json_values.map(msgspec.json.encode),
    st.lists(json_values, max_size=5).map(msgspec.json.encode),
    st.dictionaries(st.sampled_from([*GOOD, "value", "dwell_s", "extra"]), json_values).map(
        lambda change: msgspec.json.encode(GOOD | change)
    ),
    st.integers(1, 40_000).map(lambda depth: b'{"properties":' + b"[" * depth),
    st.integers(1, 3_000).map(lambda depth: b'{"properties":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"),
)


@settings(max_examples=300, deadline=None)
@given(body=hostile)
def test_collect_takes_or_names(queue: EmbeddedTopics, body: bytes) -> None:
    before = queue.pending("inbox")
    status, answer = post(body)
    assert status in (202, 400)
    if status == 400:
        refused = [problem for error in answer.get("errors", []) for problem in error["problems"]]
        assert refused or answer["problems"]
    assert queue.pending("inbox") - before == answer.get("accepted", 0)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"1e", b"0x1"])
def test_numbers_that_are_none(queue: EmbeddedTopics, number: bytes) -> None:
    before = queue.pending("inbox")
    status, answer = post(msgspec.json.encode(GOOD)[:-1] + b',"value":' + number + b"}")
    assert status == 400
    assert answer["problems" if "problems" in answer else "errors"]
    assert queue.pending("inbox") == before


def test_the_last_of_equal_keys_counts(queue: EmbeddedTopics) -> None:
    status, _ = post(msgspec.json.encode(GOOD)[:-1] + b',"user_id":"null"}')
    assert status == 400


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=20))
def test_recommend_answers_or_names(user: str, n: str) -> None:
    async def ask() -> tuple[int, bytes]:
        from starlette.datastructures import QueryParams

        query = str(QueryParams({"user_id": user, "n": n})) if user.isprintable() else "user_id=%ff%00"
        return await call(APPS["recommend"], "GET", "/v1/recommendations", query=query)

    status, answer = asyncio.run(ask())
    assert status in (200, 400)
    assert status == 200 or msgspec.json.decode(answer)["problems"]


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=100), json_values.map(msgspec.json.encode)))
def test_other_bodies_never_crash_a_function(body: bytes) -> None:
    for name, path in (("update_profile", "/"), ("retrain", "/v1/retrain")):
        if name == "retrain" and body.strip() in (b"", b"{}", b"null"):
            continue  # a valid order: train everything
        status, _ = asyncio.run(call(APPS[name], "POST", path, body))
        assert status in (204, 400), (name, status)
