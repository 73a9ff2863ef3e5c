"""The simulation: people come and go day by day, and their events leave in the order of time."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from math import exp
from operator import itemgetter
from random import Random

from infra.local.inputs.input import Fields
from infra.local.inputs.simulate.bots import Bot, act, make_bots
from infra.local.inputs.simulate.people import Person, Truth, make_people
from infra.local.inputs.simulate.record import Recorder, Timed
from infra.local.inputs.simulate.visit import visit

END = datetime(2025, 1, 1, tzinfo=UTC)
"""The period's end, whatever its length: no event may lie in a receiver's future. A last visit runs over by minutes."""

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
PAUSE_MS = 45 * 60_000
"""Visits of one person lie apart by more than the silence that ends a session."""

HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 9, 9, 8, 8, 10, 10, 8, 8, 9, 11, 14, 18, 20, 17, 11, 5)
"""How many visits begin in each hour of the day, in proportion."""

WEEKEND = 1.4
"""Visits on a Saturday or Sunday, for one on another day."""


@dataclass(frozen=True)
class Simulation:
    """A period in the life of a shop. Equal parameters give equal events, byte for byte."""

    users: int = 300
    days: int = 30
    seed: int = 7
    bots: int = 0

    def machines(self) -> list[Bot]:
        """Those among them who are not people. What people do is the same with and without them."""
        return make_bots(self.bots, self._prefix)

    def truth(self) -> list[Truth]:
        """What the simulated people are really like."""
        return [person.truth for person in self._people(Random(self.seed))]

    def events(self) -> Iterator[Fields]:
        """Their events in order of time, in the memory of one day's and all that bots do."""
        rng = Random(self.seed)
        people = self._people(rng)
        ids = (f"{self._prefix}{number}" for number in count(1))
        waiting: list[Timed] = []
        for bot in self.machines():
            waiting += act(Random(f"{self.seed}-{bot.name}"), bot, self.days, self._start)
        for day in range(self.days):
            for person in people:
                if person.first_day <= day < person.last_day:
                    waiting += self._spend_day(rng, person, day, ids)
            waiting.sort(key=itemgetter(0))
            done = bisect_left(waiting, (day + 1) * DAY_MS, key=itemgetter(0))
            yield from (event for _, event in waiting[:done])
            del waiting[:done]
        yield from (event for _, event in waiting)

    @property
    def _prefix(self) -> str:
        # Two simulations in one stack must not share people or event ids.
        return f"{self.seed}-{self.users}-{self.days}-"

    @property
    def _start(self) -> datetime:
        return END - timedelta(days=self.days)

    def _people(self, rng: Random) -> list[Person]:
        return make_people(rng, self.users, self.days, self._prefix)

    def _spend_day(self, rng: Random, person: Person, day: int, ids: Iterator[str]) -> Iterator[Timed]:
        weekend = (self._start + timedelta(days=day)).weekday() >= 5
        visits = _poisson(rng, person.persona.visits * (WEEKEND if weekend else 1.0))
        for begin_ms in sorted(_time_of_day(rng) for _ in range(visits)):
            at_ms = max(day * DAY_MS + begin_ms, person.free_at)
            person.visits += 1
            record = Recorder(person, rng.randrange(len(person.devices)), at_ms, self._start, ids)
            visit(rng, person, record)
            person.free_at = record.at_ms + PAUSE_MS
            yield from record.events


def _time_of_day(rng: Random) -> int:
    return rng.choices(range(24), HOURS)[0] * HOUR_MS + rng.randrange(HOUR_MS)


def _poisson(rng: Random, mean: float) -> int:
    """D. Knuth, "The Art of Computer Programming", volume 2, section 3.4.1."""
    number, product, limit = 0, rng.random(), exp(-mean)
    while product > limit:
        number += 1
        product *= rng.random()
    return number
