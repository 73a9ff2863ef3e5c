"""How fast and how evenly a person's events follow each other, from the ring that remembers them."""

from collections.abc import Sequence
from itertools import pairwise
from struct import iter_unpack
from typing import NamedTuple

from shared.profiles.memory import RECORD, TIME_BYTES

RATES = ((60_000, 60, 240), (600_000, 200, 450))
"""Within so many ms, so many events are odd, and so many out of reach. The fastest people known: 17 a minute in a shop;
193, a page of ratings sent at once, at a film site, and as many in ten minutes."""

STEP_MS = 1_000
"""Events of one page load are one step: a page view with its item view."""

STEPS = 50
SPREAD = 0.2
"""The middle half of 50 pauses in a row spans so much of their median or less: jitter of a fifth hides no machine. Of
1,566 such rows of people, the evenest spans 0.30."""

PAUSE_MS = 1_800_000
"""Longer pauses lie between visits: somebody who looks in every morning is no clock."""


class Rate(NamedTuple):
    """The most events within a time, and whether they are out of a person's reach."""

    events: int
    width_ms: int
    strong: bool


def read_times(ring: bytes) -> list[int]:
    """The times of the ring's events in ms, ascending."""
    return [high << 32 | low for high, low in iter_unpack(">HI8x", ring)]


def is_dense(ring: bytes) -> bool:
    """Whether the ring may have a rate to speak of; False is certain. A few looks instead of one at every event.

    Of n neighbours in a row, some two lie n / 2 apart at places divisible by n / 2.
    """
    for width_ms, odd, _ in RATES:
        stride = odd // 2 * RECORD
        times = [int.from_bytes(ring[at : at + TIME_BYTES], "big") for at in range(0, len(ring), stride)]
        if any(later - earlier < width_ms for earlier, later in pairwise(times)):
            return True
    return False


def rate(times: Sequence[int]) -> Rate | None:
    """The rate that speaks loudest for a machine, if any is odd."""
    found = [
        Rate(events, width_ms, events >= strong)
        for width_ms, odd, strong in RATES
        if (events := most(times, width_ms)) >= odd
    ]
    return max(found, key=lambda one: one.strong, default=None)


def most(times: Sequence[int], width_ms: int) -> int:
    """The most of these ascending times that lie within less than `width_ms`."""
    first = found = 0
    for last, time in enumerate(times):
        while time - times[first] >= width_ms:
            first += 1
        found = max(found, last - first + 1)
    return found


def regularity(times: Sequence[int]) -> float | None:
    """The smallest spread of 50 pauses in a row, if it is a machine's: interquartile range over median."""
    pauses = [pause for pause in map(_difference, pairwise(_steps(times))) if pause < PAUSE_MS]
    # Times in whole seconds look more even than they were.
    rounding = 0 if any(time % 1_000 for time in times) else 1_000
    rows = (sorted(pauses[start : start + STEPS]) for start in range(0, len(pauses) - STEPS + 1, STEPS))
    spread = min((_spread(row, rounding) for row in rows), default=SPREAD + 1)
    return spread if spread <= SPREAD else None


def _spread(pauses: Sequence[int], rounding: int) -> float:
    lower, median, upper = (pauses[len(pauses) * quarter // 4] for quarter in (1, 2, 3))
    return (upper - lower + rounding) / median


def _difference(pair: tuple[int, int]) -> int:
    return pair[1] - pair[0]


def _steps(times: Sequence[int]) -> list[int]:
    steps: list[int] = []
    for time in times:
        if not steps or time - steps[-1] >= STEP_MS:
            steps.append(time)
    return steps
