"""Forward decay in whole numbers, so that sums do not depend on the order of their parts.

Forward decay weighs an act at time t by g(t - L) for a fixed landmark L (G. Cormode, V. Shkapenyuk, D. Srivastava,
B. Xu, "Forward Decay: A Practical Time Decay Model for Streaming Systems", ICDE 2009). With g(x) = 2^(x / half_life)
the exponent splits into whole half-lives, which name a bucket, and a rest below one, which scales a fixed-point integer
in it. Integers add up to the same bits in any order; a bucket that has lost its meaning is dropped whole, whenever
that is noticed.
"""

from collections.abc import Mapping

Buckets = list[tuple[int, dict[str, int]]]
"""(whole half-lives since 1970, key → fixed-point sum), ascending."""

SCALE = 4_096
"""Fixed-point units of weight 1: a sum is off by at most 1/8192 for each of its acts."""

WINDOW = 16
"""Buckets kept below the newest: what is older counts less than 1/65,536."""

LOST = ""
"""The key of what `bound` has let go: sums of absolute values. No interest differs from its exact value by more."""


def add(buckets: Buckets, key: str, weight: float, at_ms: int, half_life_ms: int) -> None:
    """Add one act of this weight at `at_ms` to the key's sum, in place; an act of no weight makes the key known."""
    bucket, rest = divmod(at_ms, half_life_ms)
    units = round(weight * 2.0 ** (rest / half_life_ms) * SCALE)
    if buckets and bucket < buckets[-1][0] - WINDOW:
        return
    sums = _sums(buckets, bucket)
    sums[key] = (
        sums.get(key, 0) + units
    )  # a sum of nought stays: without it the newest bucket could depend on the order
    while buckets[0][0] < buckets[-1][0] - WINDOW:
        del buckets[0]


def values(buckets: Buckets) -> dict[str, float]:
    """Each key's sum as of the start of the newest bucket. Values at any other time differ by one common factor.

    >>> buckets: Buckets = []
    >>> add(buckets, "a", 1.0, at_ms=0, half_life_ms=1000); add(buckets, "b", 1.0, at_ms=1000, half_life_ms=1000)
    >>> values(buckets)
    {'a': 0.5, 'b': 1.0}
    """
    totals: dict[str, float] = {}
    for number, sums in buckets:
        factor = 2.0 ** (number - buckets[-1][0]) / SCALE
        if not totals:  # most keys of most profiles
            totals = {key: units * factor for key, units in sums.items()}
            continue
        for key, units in sums.items():
            totals[key] = totals.get(key, 0.0) + units * factor
    totals.pop(LOST, None)
    return totals


def factor_at(buckets: Buckets, now_ms: int, half_life_ms: int) -> float:
    """What makes a value as of the newest bucket one as of `now_ms`."""
    return float(2.0 ** (buckets[-1][0] - now_ms / half_life_ms)) if buckets else 1.0


def value_at(buckets: Buckets, key: str, now_ms: int, half_life_ms: int) -> float:
    """The key's decayed sum at `now_ms`: an act of weight w, h half-lives ago, counts w · 2^-h."""
    total = sum(sums.get(key, 0) * 2.0 ** (number - buckets[-1][0]) for number, sums in buckets)
    return total / SCALE * factor_at(buckets, now_ms, half_life_ms)


def top(totals: Mapping[str, float], n: int) -> list[tuple[str, float]]:
    """The n largest positive values, ties by key."""
    # Of many, only those that can be among them are sorted with their keys.
    least = sorted(totals.values(), reverse=True)[n - 1] if len(totals) > 2 * n else 0.0
    largest = sorted([(-value, key) for key, value in totals.items() if value > 0.0 and value >= least])
    return [(key, -value) for value, key in largest[:n]]


def merge(buckets: Buckets, other: Buckets) -> None:
    """Add the other's sums, in place."""
    for number, sums in other:
        mine = _sums(buckets, number)
        for key, units in sums.items():
            mine[key] = mine.get(key, 0) + units
    while buckets and buckets[0][0] < buckets[-1][0] - WINDOW:
        del buckets[0]


def bound(buckets: Buckets, n: int) -> None:
    """Keep the n keys with the largest absolute value, in place; ties by key. What the others had is added to LOST.

    Where one key comes at a time, one goes at a time, and with it at most 1 / (n + 1) of all interest.
    """
    if sum(len(sums) for _, sums in buckets) <= n:
        return
    totals = values(buckets)
    if len(totals) <= n:
        return
    gone = sorted(totals, key=lambda key: (-abs(totals[key]), key))[n:]
    for _, sums in buckets:
        if lost := sum(abs(sums.pop(key, 0)) for key in gone):
            sums[LOST] = sums.get(LOST, 0) + lost


def _sums(buckets: Buckets, bucket: int) -> dict[str, int]:
    for number, sums in buckets:
        if number == bucket:
            return sums
    fresh: dict[str, int] = {}
    buckets.append((bucket, fresh))
    buckets.sort(key=lambda entry: entry[0])
    return fresh
