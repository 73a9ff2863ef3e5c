"""Calls to Firestore that are made at the same time: fewer requests, and each caller has the answer to its own."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError, Channel
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConflictError, RetryableError
from shared.settings import Settings
from shared.stores.gcp import firestore_rpc
from shared.stores.gcp.together import TURNS, Together
from shared.stores.ports import ABSENT, Documents, Write
from shared.wiring import documents
from tests.contract.conftest import gcp_settings


@pytest.fixture
def store(on_emulators: dict[str, str], opened: None) -> Documents:
    return documents(gcp_settings())


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many requests of each kind the stub has sent since the test began."""
    sent: Counter[str] = Counter()

    class Counting(firestore_rpc.FirestoreStub):
        def __init__(self, channel: Channel) -> None:
            super().__init__(channel)
            self.__dict__.update({name: self._counting(name, call) for name, call in vars(self).items()})

        def _counting(self, name: str, call: Any) -> Any:
            def counting(*arguments: Any, **options: Any) -> Any:
                sent[name] += 1
                return call(*arguments, **options)

            return counting

    monkeypatch.setattr(firestore_rpc, "FirestoreStub", Counting)
    return sent


async def test_one_caller_makes_the_plain_calls(requests: Counter[str], store: Documents) -> None:
    version = await store.put("c", "k", {"n": 1}, ABSENT)
    assert await store.get("c", "k") == ({"n": 1}, version)
    assert requests == {"commit": 1, "get_document": 1}


async def test_reads_and_writes_at_the_same_time_share_a_request(requests: Counter[str], store: Documents) -> None:
    await store.get("c", "connected")
    requests.clear()
    versions = await asyncio.gather(*(store.put("c", f"k{n}", {"n": n}, ABSENT) for n in range(50)))
    found = await asyncio.gather(*(store.get("c", f"k{n}") for n in range(60)))
    assert found[:50] == [({"n": n}, version) for n, version in enumerate(versions)]
    assert found[50:] == [None] * 10
    assert requests == {"batch_write": 1, "batch_get_documents": 1}
    assert store.counts == {"reads": 61, "writes": 50}


async def test_reads_of_different_fields_do_not_share(requests: Counter[str], store: Documents) -> None:
    await store.put("c", "k", {"a": 1, "b": 2}, ABSENT)
    requests.clear()
    some, everything = await asyncio.gather(store.get("c", "k", ["a"]), store.get("c", "k"))
    assert some
    assert everything
    assert (some.fields, everything.fields) == ({"a": 1}, {"a": 1, "b": 2})
    assert requests == {"get_document": 2}


async def test_each_of_the_writes_succeeds_or_conflicts_for_itself(requests: Counter[str], store: Documents) -> None:
    old = await store.put("c", "stale", {"n": 1}, ABSENT)
    now = await store.put("c", "stale", {"n": 2}, old)
    requests.clear()
    answers = await asyncio.gather(
        store.put("c", "new", {"n": 3}, ABSENT),
        store.put("c", "stale", {"n": 3}, old),
        store.put("c", "missing", {"n": 3}, now),
        store.put_all([Write("c", "other", {"n": 3}, ABSENT)]),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [str, ConflictError, ConflictError, list]
    assert requests == {"batch_write": 1}
    assert await store.get("c", "stale") == ({"n": 2}, now)
    assert await store.get("c", "missing") is None
    assert await store.get("c", "new") == ({"n": 3}, answers[0])


async def test_writes_to_one_document_at_the_same_time_go_apart(requests: Counter[str], store: Documents) -> None:
    version = await store.put("c", "k", {"n": 0}, ABSENT)
    requests.clear()
    others = [store.put("c", f"other {n}", {}, ABSENT) for n in range(3)]
    same = [store.put("c", "k", {"n": n}, version) for n in range(1, 3)]
    answers = await asyncio.gather(*others, *same, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers[3:]) == ["ConflictError", "str"]
    assert all(isinstance(answer, str) for answer in answers[:3])
    assert requests == {"batch_write": 1, "commit": 1}


async def test_an_invalid_call_fails_alone(store: Documents) -> None:
    invalid = "__reserved__"
    writes = [store.put(collection, "k", {"n": 1}, ABSENT) for collection in ("c", invalid, "d")]
    written = await asyncio.gather(*writes, return_exceptions=True)
    reads = [store.get(collection, "k") for collection in ("c", invalid, "d")]
    read = await asyncio.gather(*reads, return_exceptions=True)
    assert (read[0], read[2]) == (({"n": 1}, written[0]), ({"n": 1}, written[2]))
    for answer in (written[1], read[1]):
        assert isinstance(answer, AioRpcError)
        assert answer.code() is StatusCode.INVALID_ARGUMENT


async def test_a_caller_that_goes_away_takes_nobody_along(store: Documents) -> None:
    async def wait_for(n: int) -> str:
        return await store.put("c", f"k{n}", {"n": n}, ABSENT)

    await store.get("c", "connected")
    callers = [asyncio.create_task(wait_for(n)) for n in range(6)]
    await asyncio.sleep(0)  # all of them have asked, and nothing has been sent
    callers[0].cancel()
    versions = await asyncio.gather(*callers[1:])
    assert callers[0].cancelled()
    for n, version in enumerate(versions, start=1):
        assert await store.get("c", f"k{n}") == ({"n": n}, version)


async def test_large_writes_do_not_share(requests: Counter[str], store: Documents) -> None:
    state = b"x" * 900_000
    await asyncio.gather(*(store.put("c", f"k{n}", {"state": state}, ABSENT) for n in range(7)))
    assert requests == {"batch_write": 2, "commit": 1}
    assert len(await store.get_many("c", [f"k{n}" for n in range(7)])) == 7


async def test_everybody_is_told_that_the_server_is_dead(dead_settings: Settings, opened: None) -> None:
    dead = documents(dead_settings)
    calls: list[Any] = [dead.get("c", f"k{n}") for n in range(3)]
    calls += [dead.put("c", f"k{n}", {}, ABSENT) for n in range(3)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [RetryableError] * 6
    assert all(str(answer).startswith("c: ") for answer in answers)


asks = st.tuples(st.sampled_from("abcdef"), st.integers(0, 60), st.integers(0, 4), st.booleans())


@given(st.lists(asks, max_size=30))
async def test_every_ask_is_sent_once_and_answered_for_itself(planned: list[tuple[str, int, int, bool]]) -> None:
    groups: list[Sequence[tuple[str, int, int]]] = []

    async def send(group: Sequence[tuple[str, int, int]]) -> Sequence[int | Exception]:
        groups.append(group)
        await asyncio.sleep(0)
        return [ConflictError(str(number)) if number % 5 == 4 else number for _, _, number in group]

    together: Together[tuple[str, int, int], int] = Together(send, most=4, most_bytes=100)

    async def call(number: int, name: str, size: int, turns: int, stays: bool) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        asked = asyncio.create_task(together.ask(name, (name, size, number), size))
        if not stays:
            await asyncio.sleep(0)
            asked.cancel()
        return await asked

    callers = [asyncio.create_task(call(number, *ask)) for number, ask in enumerate(planned)]
    if callers:
        await asyncio.wait(callers)
    for _ in range(TURNS + 3):  # what those who went away have asked is under way
        await asyncio.sleep(0)
    for number, (caller, (_, _, _, stays)) in enumerate(zip(callers, planned, strict=True)):
        if not stays:
            assert caller.cancelled()
        elif number % 5 == 4:
            assert isinstance(caller.exception(), ConflictError)
            assert str(caller.exception()) == str(number)
        else:
            assert caller.result() == number
    assert sorted(number for group in groups for _, _, number in group) == list(range(len(planned)))
    for group in groups:
        assert len({name for name, _, _ in group}) == len(group) <= 4
        assert len(group) == 1 or sum(size for _, size, _ in group) <= 100
