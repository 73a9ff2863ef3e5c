"""One deadline for several calls, and a breaker that hears of the store's failures, not of ours."""

import asyncio
import time

import pytest

from shared.deadline import FAILURES, LATE_S, Breaker, Deadline
from shared.errors import RetryableError


@pytest.fixture
def breaker() -> Breaker:
    return Breaker(time.monotonic)


async def frozen() -> None:
    await asyncio.Event().wait()


async def test_a_store_that_does_not_answer_opens_the_breaker(breaker: Breaker) -> None:
    for _ in range(FAILURES):
        assert not breaker.is_open
        with pytest.raises(RetryableError):
            await Deadline(0.001, breaker).wait(frozen)
    assert breaker.is_open


async def test_a_process_with_too_much_to_do_does_not(breaker: Breaker) -> None:
    """It notices the deadline long after it has passed: the answer may lie there."""

    async def too_much() -> None:
        await asyncio.sleep(0)
        time.sleep(5 * LATE_S)  # noqa: ASYNC251 - other requests are computed meanwhile
        await frozen()

    for _ in range(2 * FAILURES):
        with pytest.raises(RetryableError):
            await Deadline(0.001, breaker).wait(too_much)
    assert not breaker.is_open
