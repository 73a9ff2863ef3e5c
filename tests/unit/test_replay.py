"""Replay against a server that is busy, drops connections, goes away and comes back, or refuses."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import NamedTuple

import msgspec
import pytest

from infra.local.inputs import Fields
from infra.local.inputs.batches import cut, encode
from infra.local.replay import MAX_BODY_BYTES, replay
from shared.errors import PermanentError, RetryableError
from shared.events.parse import parse_batch
from shared.settings import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BRIEFLY = timedelta(seconds=1)


class Answer(NamedTuple):
    """What the server says; without a status it hangs up."""

    status: int = 0
    body: bytes = b"{}"
    header: str = ""


class Request(NamedTuple):
    """A request as the server gets it, counted from 1."""

    number: int
    body: bytes


LATER = Answer(503, header="retry-after: 0\r\n")
HANG_UP = Answer()


class Collect:
    """A collect of the wire's contract on a real socket. `script` may answer a request in its place."""

    def __init__(self, script: Callable[["Request"], Answer | None] = lambda _: None) -> None:
        self.script = script
        self.bodies: list[bytes] = []
        self.taken: set[str] = set()
        self.in_flight = self.most_in_flight = 0

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while answer := await self._next(reader):
                head = f"HTTP/1.1 {answer.status} X\r\n{answer.header}content-length: {len(answer.body)}\r\n\r\n"
                writer.write(head.encode() + answer.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _next(self, reader: asyncio.StreamReader) -> Answer | None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("post /v1/events ")
        assert "content-type: application/json" in head
        body = await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
        self.bodies.append(body)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        answer = self.script(Request(len(self.bodies), body)) or self.take(body)
        await asyncio.sleep(0.001)
        self.in_flight -= 1
        return None if answer is HANG_UP else answer

    def take(self, body: bytes) -> Answer:
        batch = parse_batch(body, NOW, Settings())
        self.taken |= {event.event_id for event in batch.events}
        errors = [
            {"index": place, "event_id": event_id, "problems": [problem._asdict() for problem in problems]}
            for place, event_id, problems in batch.refusals
        ]
        summary = {"accepted": len(batch.events), "refused": len(errors), "errors": errors}
        return Answer(400 if errors else 202, msgspec.json.encode(summary))


@asynccontextmanager
async def served(collect: Collect, port: int = 0) -> AsyncIterator[str]:
    server = await asyncio.start_server(collect.converse, "127.0.0.1", port, limit=2**20)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def make(number: int, **fields: object) -> Fields:
    time = f"2025-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    return {"event_id": f"e{number}", "kind": "click", "occurred_at": time, "user_id": "ann", **fields}


def ids(number: int) -> set[str]:
    return {f"e{place}" for place in range(number)}


async def test_every_event_is_accepted_once() -> None:
    collect = Collect()
    async with served(collect) as url:
        result = await replay(map(make, range(1_234)), url, batch_events=100)
    assert result[:4] == (1_234, 1_234, 0, 0)
    assert collect.taken == ids(1_234)
    assert len(collect.bodies) == 13


async def test_no_more_is_read_and_sent_than_there_are_connections() -> None:
    read, ahead = 0, list[int]()

    def reading() -> Iterator[Fields]:
        nonlocal read
        for number in range(500):
            read += 1
            yield make(number)

    collect = Collect(lambda request: ahead.append(read - 10 * request.number))
    async with served(collect) as url:
        await replay(reading(), url, batch_events=10, connections=3)
    assert collect.most_in_flight <= 3
    # Two more batches, and the event after each, by which it is noticed that one is full.
    assert max(ahead) <= 2 * 10 + 3
    assert collect.taken == ids(500)


async def test_a_busy_server_is_asked_again() -> None:
    async with served(collect := Collect(lambda request: LATER if request.number <= 7 else None)) as url:
        result = await replay(map(make, range(300)), url, batch_events=100)
    assert (result.accepted, result.refused, result.retried) == (300, 0, 7)
    assert collect.taken == ids(300)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_what_may_help_later_is_tried_later(status: int) -> None:
    async with served(Collect(lambda request: Answer(status) if request.number == 1 else None)) as url:
        result = await replay([make(0)], url)
    assert (result.accepted, result.retried) == (1, 1)


@pytest.mark.parametrize(
    "asked",
    ["3600", format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)],
    ids=["seconds", "date"],
)
async def test_a_pause_that_is_asked_for_is_kept(asked: str) -> None:
    """Longer than the patience: then there is no second attempt at all."""
    collect = Collect(lambda _: Answer(503, header=f"retry-after: {asked}\r\n"))
    async with served(collect) as url:
        with pytest.raises(RetryableError, match="status 503"):
            await replay([make(0)], url, patience=timedelta(seconds=30))
    assert len(collect.bodies) == 1


async def test_a_dropped_connection_loses_nothing() -> None:
    """The server takes every third batch and hangs up instead of answering: the batch comes again."""

    def dropping(request: Request) -> Answer | None:
        if request.number % 3 or request.number >= 30:
            return None
        collect.take(request.body)
        return HANG_UP

    collect = Collect(dropping)
    async with served(collect) as url:
        result = await replay(map(make, range(2_000)), url, batch_events=100)
    assert (result.sent, result.accepted, result.refused) == (2_000, 2_000, 0)
    assert result.retried >= 9
    assert collect.taken == ids(2_000)


async def test_a_server_that_is_restarted_gets_what_it_missed() -> None:
    gone = asyncio.Event()

    def dying(request: Request) -> Answer | None:
        if request.number >= 3:
            gone.set()
        return HANG_UP if gone.is_set() else None

    before, after = Collect(dying), Collect()
    async with served(before) as url:
        replaying = asyncio.create_task(replay(map(make, range(1_000)), url, batch_events=100))
        await gone.wait()
    await asyncio.sleep(0.2)  # nobody listens: connections are refused
    async with served(after, int(url.rpartition(":")[2])):
        result = await replaying
    assert (result.sent, result.accepted) == (1_000, 1_000)
    assert before.taken | after.taken == ids(1_000)


async def test_refusals_are_counted_by_field_and_the_first_are_kept() -> None:
    events = [make(number, **({"kind": "walk", "value": "much"} if number % 10 == 7 else {})) for number in range(100)]
    events[50] = make(50, user_id="null")
    async with served(Collect()) as url:
        result = await replay(events, url, batch_events=20)
    assert (result.sent, result.accepted, result.refused) == (100, 89, 11)
    assert result.refused_by_field == {"kind": 10, "value": 10, "user_id": 1}
    assert [refusal.position for refusal in result.refusals] == [7, 17, 27, 37, 47]
    assert {problem.field for problem in result.refusals[0].problems} == {"kind", "value"}
    assert result.refusals[0].event_id == "e7"


async def test_a_batch_that_is_too_large_is_halved_until_it_fits() -> None:
    collect = Collect(lambda request: Answer(413) if len(request.body) > 1_000 else None)
    events = [make(number, properties={"text": "x" * 1_000} if number == 13 else {}) for number in range(40)]
    async with served(collect) as url:
        result = await replay(events, url)
    assert (result.sent, result.accepted, result.refused) == (40, 39, 1)
    assert result.refusals[0].position == 13
    assert "status 413" in result.refusals[0].problems[0].found
    assert collect.taken == ids(40) - {"e13"}


async def test_a_body_that_is_refused_as_a_whole_says_why() -> None:
    said = b'{"error":"malformed","problems":[{"field":"","expected":"JSON","found":"noise"}]}'
    async with served(Collect(lambda request: Answer(400, said) if b'"e5"' in request.body else None)) as url:
        result = await replay(map(make, range(8)), url)
    assert (result.accepted, result.refused) == (7, 1)
    assert result.refusals[0].problems[0].found == "noise"


@pytest.mark.parametrize("status", [200, 302, 404, 415])
async def test_what_is_not_collect_is_an_error(status: int) -> None:
    async with served(Collect(lambda _: Answer(status, b"hello"))) as url:
        with pytest.raises(PermanentError, match=rf"/v1/events: expected collect .*, found status {status} 'hello'"):
            await replay(map(make, range(5)), url)


async def test_nobody_there_is_an_error_after_a_while() -> None:
    async with served(Collect()) as url:
        pass
    with pytest.raises(RetryableError, match=r"no answer from .* for 1 s \(ConnectError"):
        await replay(map(make, range(5)), url, patience=BRIEFLY)


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://127.0.0.1", "http://", "http://here:there", ""])
async def test_an_address_must_be_one(url: str) -> None:
    with pytest.raises(PermanentError, match="expected http://HOST:PORT"):
        await replay([], url)


async def test_an_input_that_breaks_off_is_an_error() -> None:
    def broken() -> Iterator[Fields]:
        yield from map(make, range(250))
        raise PermanentError("cannot read the input")

    async with served(Collect()) as url:
        with pytest.raises(PermanentError, match="cannot read the input"):
            await replay(broken(), url, batch_events=100)


async def test_it_is_quiet_in_a_pipe(capfd: pytest.CaptureFixture[str]) -> None:
    async with served(Collect()) as url:
        await replay(map(make, range(10)), url, total=10)
    assert capfd.readouterr() == ("", "")


def test_bodies_keep_below_their_bound() -> None:
    events = [make(number, properties={"text": "x" * (number * 37 % 5_000)}) for number in range(1_000)]
    batches = list(cut(events, 500, MAX_BODY_BYTES))
    assert b",".join(event for batch in batches for event in batch.events) == b",".join(map(encode, events))
    assert [batch.first for batch in batches] == [sum(len(b.events) for b in batches[:i]) for i in range(len(batches))]
    assert all(len(batch.body) <= MAX_BODY_BYTES for batch in batches)
    # Full ones: the next event would not have fitted.
    for batch, after in pairwise(batches):
        assert len(batch.events) == 500 or len(batch.body) + len(after.events[0]) + 1 > MAX_BODY_BYTES
