"""Quotas: token buckets, one for each caller, in the memory of an instance."""

import math
from collections import OrderedDict
from collections.abc import Callable

MOST_CALLERS = 50_000
"""Remembered; whoever has been silent longest is forgotten first, and starts anew with a full bucket."""


class Quota:
    """So many requests a minute of each caller, and as many at once after a minute's silence; 0: no limit."""

    def __init__(self, per_minute: int, now_s: Callable[[], float]) -> None:
        self._most = float(per_minute)
        self._now_s = now_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str) -> int:
        """0 if the request may be served, which counts it; else the whole seconds until one may be."""
        if not self._most:
            return 0
        now, rate = self._now_s(), self._most / 60
        left, at = self._buckets.pop(caller, (self._most, now))
        left = min(self._most, left + max(0.0, now - at) * rate)
        allowed = left >= 1
        self._buckets[caller] = left - 1 if allowed else left, now
        if len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1 - left) / rate))
