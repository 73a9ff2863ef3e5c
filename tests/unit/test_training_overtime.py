"""Work that is told to end does so, and whoever is told too late does not notice."""

import time
from contextlib import suppress
from random import Random

import pytest

from training.overtime import OvertimeError, Worker


def test_work_that_never_returns_is_ended() -> None:
    def forever() -> None:
        while True:
            with suppress(Exception):
                time.sleep(0.001)

    worker = Worker(forever)
    worker.end()
    with pytest.raises(OvertimeError):
        worker.result.result(timeout=30)


def test_what_work_returns_or_raises_is_told() -> None:
    assert Worker(lambda: 7).result.result(timeout=30) == 7
    with pytest.raises(ZeroDivisionError):
        Worker(lambda: 1 / 0).result.result(timeout=30)


def test_the_end_may_be_told_at_any_moment() -> None:
    """Whenever it comes, the result is there, and nothing is raised in a thread that has nobody to tell (see pytest's
    filter of warnings)."""
    chance = Random(1)

    def short(turns: int) -> int:
        return sum(range(turns))

    ends = {"done": 0, "ended": 0}
    for _ in range(500):
        worker = Worker(lambda: short(chance.randrange(3_000)))
        for _ in range(chance.randrange(300)):
            pass
        worker.end()
        worker.end()
        try:
            worker.result.result(timeout=30)
            ends["done"] += 1
        except OvertimeError:
            ends["ended"] += 1
    assert sum(ends.values()) == 500
