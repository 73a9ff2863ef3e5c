"""Each request has one line in the log: what became of it, and nothing that somebody sent."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from shared import http, loggers, telemetry, wiring
from shared.errors import OverQuotaError, RetryableError
from shared.served import served

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = "projects/shop/traces/4bf92f3577b34da6a3ce929d0e0e4736"

WHO = "zaphod-4711"

Lines = Callable[[], list[dict[str, Any]]]


class Request(NamedTuple):
    scope: dict[str, Any]


def request(parent: str = PARENT) -> Request:
    return Request({"path": f"/v1/profiles/{WHO}", "headers": [(b"traceparent", parent.encode())]})


@pytest.fixture
def mode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The setting, json unless the test says otherwise."""
    monkeypatch.setenv("ATTUNE_LOG", getattr(request, "param", "json"))
    monkeypatch.setenv("ATTUNE_PROJECT", "shop")
    wiring.settings.cache_clear()
    yield
    wiring.settings.cache_clear()


@pytest.fixture
def lines(mode: None, capfd: pytest.CaptureFixture[str]) -> Lines:
    return lambda: [msgspec.json.decode(line) for line in capfd.readouterr().err.splitlines()]


async def answer(work: Callable[[], Awaitable[http.Reply]]) -> int:
    @served("shop")
    async def handle(_: Request) -> http.Reply:
        return await work()

    found: http.Reply = await handle(request())
    return found.status


async def test_a_line_says_all(lines: Lines) -> None:
    async def work() -> http.Reply:
        telemetry.note("applied", count=3, refused=1)
        telemetry.note_freshness(12.3456)
        return http.Reply(204)

    assert await answer(work) == 204
    [line] = lines()
    assert line.pop("ms") >= 0
    assert line == {
        "severity": "INFO",
        "message": "shop: applied",
        "function": "shop",
        "outcome": "applied",
        "count": 3,
        "refused": 1,
        "status": 204,
        "freshness_ms": 12.346,
        "logging.googleapis.com/trace": TRACE,
    }


@pytest.mark.parametrize(
    ("reply", "outcome", "severity"),
    [
        (http.Reply(202), "ok", "INFO"),
        (http.Reply(304), "ok", "INFO"),
        (http.error_reply(404, "no such route"), "refused", "INFO"),
        (http.Reply(429), "over_quota", "WARNING"),
        (http.Reply(500), "unavailable", "WARNING"),
    ],
)
async def test_the_status_says_the_outcome(lines: Lines, reply: http.Reply, outcome: str, severity: str) -> None:
    async def work() -> http.Reply:
        return reply

    await answer(work)
    [line] = lines()
    assert (line["outcome"], line["severity"], line["status"]) == (outcome, severity, reply.status)


@pytest.mark.parametrize("error", [RetryableError("the store is away"), OverQuotaError("too many")])
async def test_a_line_says_why_it_must_come_again(lines: Lines, error: RetryableError) -> None:
    async def work() -> http.Reply:
        return http.try_later(error)

    await answer(work)
    [line] = lines()
    assert line["reason"] == str(error)


async def test_a_bug_is_found_by_its_line_and_tells_nobody_anything(lines: Lines) -> None:
    async def work() -> http.Reply:
        raise KeyError(WHO)

    assert await answer(work) == 500
    [line] = lines()
    assert (line["outcome"], line["severity"]) == ("crashed", "ERROR")
    assert line["stack_trace"].startswith("Traceback (most recent call last):\n  File ")
    assert line["stack_trace"].endswith("\nKeyError\n")
    assert "test_served.py" in line["stack_trace"]
    assert WHO not in str(line)


async def test_a_caller_that_goes_away(lines: Lines) -> None:
    asked = asyncio.create_task(answer(asyncio.Event().wait))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert [line["outcome"] for line in lines()] == ["cancelled"]


async def test_what_is_logged_meanwhile_belongs_to_the_request(lines: Lines) -> None:
    async def work() -> http.Reply:
        telemetry.log("WARNING", "a claim does not count", reason="refused", number=2)
        return http.Reply(200)

    await answer(work)
    told, _ = lines()
    assert told == {
        "severity": "WARNING",
        "message": "a claim does not count",
        "reason": "refused",
        "number": 2,
        "function": "shop",
        "logging.googleapis.com/trace": TRACE,
    }


async def test_requests_at_once_are_told_apart(lines: Lines) -> None:
    @served("shop")
    async def handle(asked: Request) -> http.Reply:
        telemetry.resume({"googclient_traceparent": asked.scope["resume"]})
        await asyncio.sleep(0)
        telemetry.note(telemetry.trace_id() or "")
        return http.Reply(204)

    async def ask(number: int) -> None:
        await handle(Request({"path": "/", "headers": [], "resume": f"00-{number:032x}-{number:016x}-00"}))

    await asyncio.gather(*(ask(number) for number in range(1, 20)))
    assert sorted(line["outcome"] for line in lines()) == [f"{number:032x}" for number in range(1, 20)]


async def test_without_a_trace_one_is_made(lines: Lines) -> None:
    found = []

    @served("shop")
    async def handle(_: Request) -> http.Reply:
        found.append(telemetry.trace_id())
        found.append(telemetry.carried()["googclient_traceparent"].split("-")[1])
        return http.Reply(204)

    await handle(request("00-broken"))
    [line] = lines()
    assert found == [found[0]] * 2
    assert line["logging.googleapis.com/trace"] == f"projects/shop/traces/{found[0]}"


@pytest.mark.parametrize(("mode", "warned"), [("text", True), ("off", False)], indirect=["mode"])
async def test_people_are_told_what_deserves_attention(
    mode: None, warned: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    async def well() -> http.Reply:
        telemetry.log("INFO", "nothing")
        return http.Reply(204)

    async def away() -> http.Reply:
        return http.try_later(RetryableError("the store is away"))

    await answer(well)
    await answer(away)
    told = capfd.readouterr().err
    assert told == ("WARNING shop: unavailable (reason: the store is away)\n" if warned else "")


def test_what_libraries_log_is_a_line(lines: Lines) -> None:
    logger = logging.getLogger("some.library")
    logger.propagate = False
    logger.addHandler(loggers.Lines(logging.WARNING))
    try:
        raise ValueError("ann")
    except ValueError:
        logger.exception("it failed\nfuture: ValueError('ann')")
    logger.warning("slow: %d", 3)
    logger.info("all is well")
    crashed, slow = lines()
    assert (crashed["severity"], crashed["message"], crashed["logger"]) == ("ERROR", "it failed", "some.library")
    assert crashed["stack_trace"].endswith("\nValueError\n")
    assert (slow["severity"], slow["message"]) == ("WARNING", "slow: 3")
