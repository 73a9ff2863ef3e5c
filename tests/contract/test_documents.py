"""What the Documents port promises, on every backend."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shared import wiring
from shared.errors import ConflictError, RetryableError
from shared.settings import Settings
from shared.stores.ports import ABSENT, Documents, Fields, Write

EVERY_TYPE: Fields = {
    "none": None,
    "true": True,
    "int": 3,
    "whole": 3.0,
    "float": -0.1,
    "text": "naïve 🦔 \x00",
    "bytes": b"\x00\xff",
    "time": datetime(2026, 11, 22, 14, 30, 15, 123456, tzinfo=UTC),
    "list": ["b", "a", ""],
    "map": {"a": 1, "b": 0.5, "": 2.0, "__name__": 3, "\\": 4, "with.dot`": 5},
    "no elements": [],
    "no entries": {},
}
KEYS = ["a/b", ".", "..", "__x__", "🦔", " ", "a\x00b", "'\"\\`", "user@example.com", "k" * 512]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    texts,
    st.binary(max_size=40),
    st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.lists(texts, max_size=4),
    st.dictionaries(texts, st.floats(allow_nan=False) | st.integers(-(2**63), 2**63 - 1), max_size=4),
)
names = texts.filter(lambda name: bool(name) and not name.startswith("_"))


async def fields_of(documents: Documents, key: str) -> Fields | None:
    document = await documents.get("c", key)
    return document and document.fields


async def test_every_type_comes_back_as_it_was(documents: Documents) -> None:
    await documents.put("c", "k", EVERY_TYPE, ABSENT)
    document = await documents.get("c", "k")
    assert document
    assert document.fields == EVERY_TYPE
    assert {name: type(value) for name, value in document.fields.items()} == {
        name: type(value) for name, value in EVERY_TYPE.items()
    }


async def test_several_documents_are_written_together_or_not_at_all(documents: Documents) -> None:
    old = await documents.put("c", "old", {"a": 1}, ABSENT)
    versions = await documents.put_all([Write("c", "old", {"a": 2}, old), Write("d", "new", {"b": 1}, ABSENT)])
    assert await documents.put("c", "old", {"a": 3}, versions[0]) != versions[0]
    with pytest.raises(ConflictError):
        await documents.put_all([Write("d", "new", {"b": 2}, versions[1]), Write("c", "old", {"a": 4}, versions[0])])
    with pytest.raises(ConflictError):
        await documents.put_all([Write("c", "third", {}, ABSENT), Write("d", "new", {}, ABSENT)])
    assert await fields_of(documents, "old") == {"a": 3}
    assert await fields_of(documents, "third") is None
    found = await documents.get("d", "new")
    assert found
    assert (found.fields, found.version) == ({"b": 1}, versions[1])


async def test_a_document_is_deleted_together_with_another_write_if_neither_has_changed(documents: Documents) -> None:
    journal = await documents.put("c", "journal", {"a": 1}, ABSENT)
    profile = await documents.put("c", "profile", {"a": 1}, ABSENT)
    journal_then = await documents.put("c", "journal", {"a": 2}, journal)
    with pytest.raises(ConflictError):
        await documents.put_all([Write("c", "profile", {"a": 2}, profile), Write("c", "journal", None, journal)])
    assert await fields_of(documents, "profile") == {"a": 1}
    assert await fields_of(documents, "journal") == {"a": 2}
    swap = [Write("c", "profile", {"a": 2}, profile), Write("c", "journal", None, journal_then)]
    assert (await documents.put_all(swap))[1] == ABSENT
    assert await fields_of(documents, "profile") == {"a": 2}
    assert await fields_of(documents, "journal") is None
    with pytest.raises(ConflictError):
        await documents.put_all([Write("c", "journal", None, journal_then)])


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(names, values, max_size=5), key=texts.filter(bool))
async def test_any_fields_come_back_as_they_were(documents: Documents, fields: Fields, key: str) -> None:
    collection = f"c{uuid4().hex}"
    version = await documents.put(collection, key, fields, ABSENT)
    document = await documents.get(collection, key)
    assert document == (fields, version)
    assert [type(value) for _, value in sorted(document.fields.items())] == [
        type(value) for _, value in sorted(fields.items())
    ]


async def test_times_come_back_in_utc(documents: Documents) -> None:
    there = datetime(2026, 11, 22, 14, 30, tzinfo=timezone(timedelta(hours=9)))
    await documents.put("c", "k", {"time": there}, ABSENT)
    assert await fields_of(documents, "k") == {"time": there}
    document = await documents.get("c", "k")
    assert document
    assert isinstance(document.fields["time"], datetime)
    assert document.fields["time"].utcoffset() == timedelta(0)


async def test_any_string_is_a_key(documents: Documents) -> None:
    for key in KEYS:
        await documents.put("c", key, {"key": key}, ABSENT)
    assert {key: document.fields["key"] async for key, document in documents.scan("c")} == {key: key for key in KEYS}
    found = await documents.get_many("c", KEYS)
    assert {key: document.fields["key"] for key, document in found.items()} == {key: key for key in KEYS}


async def test_collections_are_apart(documents: Documents) -> None:
    await documents.put("c", "k", {"a": 1}, ABSENT)
    assert await documents.get("d", "k") is None
    assert await documents.get("c", "K") is None


@pytest.mark.parametrize("key", ["", "k" * 513])
async def test_other_strings_are_refused(documents: Documents, key: str) -> None:
    with pytest.raises(ValueError, match="512 characters"):
        await documents.get("c", key)
    with pytest.raises(ValueError, match="512 characters"):
        await documents.put("c", key, {}, ABSENT)


@pytest.mark.parametrize(
    "fields",
    [
        {"time": datetime(2026, 11, 22)},  # noqa: DTZ001
        {"number": 2**63},
        {"_key": "reserved"},
        {"": "nameless"},
        {"state": b"x" * 1_048_576},
    ],
    ids=["naive", "large number", "underscore", "nameless", "large document"],
)
async def test_fields_that_a_backend_would_refuse_every_backend_refuses(documents: Documents, fields: Fields) -> None:
    with pytest.raises(ValueError, match="expected"):
        await documents.put("c", "k", fields, ABSENT)
    with pytest.raises(ValueError, match="expected"):
        await documents.merge("c", {"k": fields})
    assert await documents.get("c", "k") is None


async def test_a_large_document_is_kept(documents: Documents) -> None:
    await documents.put("c", "k", {"state": b"x" * 999_000}, ABSENT)
    assert await fields_of(documents, "k") == {"state": b"x" * 999_000}


async def test_get_gives_at_least_the_fields_asked_for(documents: Documents) -> None:
    await documents.put("c", "k", {"a": 1, "b b": 2, "c": 3}, ABSENT)
    document = await documents.get("c", "k", ["b b", "missing"])
    assert document
    assert document.fields["b b"] == 2
    assert document.version == (await documents.get("c", "k") or document).version


async def test_get_many_gives_those_that_exist(documents: Documents) -> None:
    await documents.merge("c", {f"k{n}": {"n": n} for n in range(0, 700, 2)})
    found = await documents.get_many("c", [f"k{n}" for n in range(700)])
    assert {key: document.fields["n"] for key, document in found.items()} == {f"k{n}": n for n in range(0, 700, 2)}
    assert await documents.get_many("c", []) == {}
    assert found["k0"] == await documents.get("c", "k0")


async def test_put_replaces_the_whole_document(documents: Documents) -> None:
    version = await documents.put("c", "k", {"a": 1, "b": 2}, ABSENT)
    newer = await documents.put("c", "k", {"a": 3}, version)
    assert newer != version
    assert await documents.get("c", "k") == ({"a": 3}, newer)


async def test_put_at_another_version_conflicts_and_writes_nothing(documents: Documents) -> None:
    first = await documents.put("c", "k", {"n": 1}, ABSENT)
    second = await documents.put("c", "k", {"n": 2}, first)
    for stale in (first, ABSENT):
        with pytest.raises(ConflictError):
            await documents.put("c", "k", {"n": 3}, stale)
    assert await documents.get("c", "k") == ({"n": 2}, second)


async def test_a_deleted_document_conflicts_also_when_it_was_created_again(documents: Documents) -> None:
    version = await documents.put("c", "k", {"n": 1}, ABSENT)
    await documents.delete("c", ["k"])
    with pytest.raises(ConflictError):
        await documents.put("c", "k", {"n": 2}, version)
    await documents.put("c", "k", {"n": 1}, ABSENT)
    with pytest.raises(ConflictError):
        await documents.put("c", "k", {"n": 2}, version)


async def test_sixteen_writers_lose_no_update(documents: Documents) -> None:
    async def add_one() -> None:
        while True:
            document = await documents.get("c", "k")
            n, version = (document.fields["n"], document.version) if document else (0, ABSENT)
            assert isinstance(n, int)
            try:
                await documents.put("c", "k", {"n": n + 1}, version)
                return
            except ConflictError:
                await asyncio.sleep(0)

    async def add_five() -> None:
        for _ in range(5):
            await add_one()

    await asyncio.gather(*(add_five() for _ in range(16)))
    assert await fields_of(documents, "k") == {"n": 80}


async def test_one_of_sixteen_creates(documents: Documents) -> None:
    puts = (documents.put("c", "k", {"writer": n}, ABSENT) for n in range(16))
    answers = await asyncio.gather(*puts, return_exceptions=True)
    [winner] = [n for n, answer in enumerate(answers) if isinstance(answer, str)]
    assert all(isinstance(answer, ConflictError) for n, answer in enumerate(answers) if n != winner)
    assert await documents.get("c", "k") == ({"writer": winner}, answers[winner])


async def test_merge_sets_fields_and_leaves_the_others(documents: Documents) -> None:
    version = await documents.put("c", "k", {"a": 1, "b b": 2, "m": {"x": 1, "y": 2}}, ABSENT)
    changes: dict[str, Fields] = {"k": {"b b": 3, "m": {"x": 5}, "new": None}, "fresh": {"a": 1}, "empty": {}}
    for _ in range(2):
        await documents.merge("c", changes)
    assert await fields_of(documents, "k") == {"a": 1, "b b": 3, "m": {"x": 5}, "new": None}
    assert await fields_of(documents, "fresh") == {"a": 1}
    assert await fields_of(documents, "empty") == {}
    with pytest.raises(ConflictError):
        await documents.put("c", "k", {}, version)


async def test_merge_delete_and_scan_take_any_number(documents: Documents) -> None:
    keys = [f"k{n}" for n in range(1_100)]
    await documents.merge("c", {key: {"n": n} for n, key in enumerate(keys)})
    assert {key async for key, _ in documents.scan("c")} == set(keys)
    await documents.delete("c", keys[:1_001])
    assert {key async for key, _ in documents.scan("c")} == set(keys[1_001:])
    await documents.merge("c", {})
    await documents.delete("c", [])


async def test_merge_of_much_data_is_split(documents: Documents) -> None:
    await documents.merge("c", {f"k{n}": {"state": bytes([n]) * 900_000} for n in range(12)})
    assert len(await documents.get_many("c", [f"k{n}" for n in range(12)])) == 12


async def test_deleting_what_is_not_there_is_no_error(documents: Documents) -> None:
    await documents.put("c", "k", {}, ABSENT)
    await documents.delete("c", ["k", "never"])
    await documents.delete("c", ["k"])
    assert await documents.get("c", "k") is None


async def test_scan_of_nothing_is_empty(documents: Documents) -> None:
    assert [key async for key, _ in documents.scan("c")] == []


async def test_what_was_written_is_there_after_reopening(settings: Settings, documents: Documents) -> None:
    version = await documents.put("c", "k", EVERY_TYPE, ABSENT)
    await documents.merge("c", {"other": {"a": 1}})
    await wiring.close_all()
    again = wiring.documents(settings)
    assert again is not documents
    assert await again.get("c", "k") == (EVERY_TYPE, version)
    assert await fields_of(again, "other") == {"a": 1}


async def test_counts_say_what_was_asked_for(documents: Documents) -> None:
    version = await documents.put("c", "k", {}, ABSENT)
    await documents.put("c", "k", {"a": 1}, version)
    await documents.merge("c", {"l": {}, "m": {}})
    await documents.get("c", "k")
    await documents.get("c", "missing")
    await documents.get_many("c", ["k", "l", "missing"])
    assert [key async for key, _ in documents.scan("c")]
    await documents.delete("c", ["m"])
    assert documents.counts == {"reads": 8, "writes": 5}


async def _scan(documents: Documents) -> None:
    async for _ in documents.scan("c"):
        pass


CALLS: dict[str, Callable[[Documents], Awaitable[Any]]] = {
    "get": lambda documents: documents.get("c", "k"),
    "get_many": lambda documents: documents.get_many("c", ["k"]),
    "put": lambda documents: documents.put("c", "k", {}, ABSENT),
    "merge": lambda documents: documents.merge("c", {"k": {}}),
    "delete": lambda documents: documents.delete("c", ["k"]),
    "scan": _scan,
}


async def test_a_dead_server_is_retryable(dead_settings: Settings, opened: None) -> None:
    documents = wiring.documents(dead_settings)
    for call in CALLS.values():
        with pytest.raises(RetryableError) as raised:
            await call(documents)
        assert type(raised.value) is RetryableError


async def test_what_failed_names_nobody(documents: Documents) -> None:
    """A key is somebody's id, and reasons of failures are logged."""
    key = "u:ann@shop.example.com"
    version = await documents.put("people", key, {"a": 1}, ABSENT)
    await documents.put("people", key, {"a": 2}, version)
    for wrong in (version, ABSENT):
        with pytest.raises(ConflictError) as raised:
            await documents.put("people", key, {"a": 3}, wrong)
        assert "ann" not in str(raised.value)


async def test_a_dead_server_names_nobody(dead_settings: Settings) -> None:
    store = wiring.documents(dead_settings)
    for call in (store.get("people", "u:ann"), store.put("people", "u:ann", {"a": 1}, ABSENT)):
        with pytest.raises(RetryableError) as raised:
            await call
        assert "ann" not in str(raised.value)
    await wiring.close_all()
