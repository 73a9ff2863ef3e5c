"""Which deliveries may go out now: those of one key one after the other, all others side by side."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from shared.stores.ports import Message


class Delivery(NamedTuple):
    """A message on its way to one subscription, for the `attempt`-th time."""

    id: int
    message: Message
    attempt: int
    published_at: datetime

    @property
    def lane(self) -> str | int:
        return self.message.key or self.id


class Lanes:
    """Deliveries in memory. A lane is ready, waiting for its time, or out; a lane that is out is not taken from.

    So a key's deliveries are never out twice at once, except together, in order, in one chunk; and one that failed
    comes again before those behind it.
    """

    def __init__(self) -> None:
        self.held = 0
        self._lanes: dict[str | int, list[Delivery]] = {}
        self._ready: deque[str | int] = deque()
        self._waiting: list[tuple[float, int, str | int]] = []
        self._tie = count()

    def add(self, deliveries: Sequence[Delivery]) -> None:
        self.held += len(deliveries)
        for delivery in deliveries:
            lane = self._lanes.get(delivery.lane)
            if lane is None:
                self._lanes[delivery.lane] = [delivery]
                self._ready.append(delivery.lane)
            else:
                lane.append(delivery)

    def take(self, most: int, now: float) -> list[Delivery]:
        """At most so many deliveries, whose lanes are out until `settle`."""
        while self._waiting and self._waiting[0][0] <= now:
            self._ready.append(heappop(self._waiting)[2])
        chunk: list[Delivery] = []
        while self._ready and (room := most - len(chunk)) > 0:
            lane = self._lanes[self._ready.popleft()]
            chunk += lane[:room]
            del lane[:room]
        return chunk

    def settle(self, chunk: Sequence[Delivery], again: Sequence[tuple[float, Delivery]]) -> None:
        """Bring back the lanes of a chunk; those with a delivery that goes out again wait until its time."""
        names = dict.fromkeys(delivery.lane for delivery in chunk)
        self.held -= len(chunk) - len(again)
        due: dict[str | int, float] = {}
        for time, delivery in reversed(again):
            self._lanes[delivery.lane].insert(0, delivery)
            due[delivery.lane] = max(time, due.get(delivery.lane, time))
        for name in names:
            if name in due:
                heappush(self._waiting, (due[name], next(self._tie), name))
            elif self._lanes[name]:
                self._ready.append(name)
            else:
                del self._lanes[name]

    def next_due(self) -> float | None:
        """When the first waiting lane becomes ready."""
        return self._waiting[0][0] if self._waiting else None
