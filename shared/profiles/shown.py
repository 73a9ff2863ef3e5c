"""What a person has been shown and left alone: impressions of an item since the day on which it was met last.

Counts of whole days (UTC): an impression on the day of a meeting says nothing against the item. What is kept follows
from the events alone, in whatever order they become known: of each item the days after the last one of `seen`, of these
the last `KEPT_DAYS` before the newest day of all.
"""

from bisect import bisect_left
from datetime import datetime
from operator import itemgetter
from struct import Struct

from shared.profiles import memory
from shared.profiles.memory import DAY_MS, ITEM_BYTES, item_mark
from shared.profiles.profile import Profile, to_ms

KEPT_DAYS = 30
"""What was shown longer ago may be tried again."""

MOST = 255
"""More on one day count as so many."""

RECORD = Struct(f"={ITEM_BYTES}sB")
"""`memory.SHOWN_BYTES` long."""

NUMBERED = Struct("=IB")
"""The same, the fingerprint as the number of the item."""


def show_items(profile: Profile, item_ids: tuple[str, ...], at_ms: int) -> None:
    """Note, in place, that the items were shown."""
    day = at_ms // DAY_MS
    for item_id in dict.fromkeys(item_ids):
        mark = item_mark(item_id)
        if not memory.is_met(profile.seen, mark, day):
            _add(profile.shown, day, mark, 1)
    _forget_old(profile)


def clear_shown(profile: Profile, item_id: str, at_ms: int) -> None:
    """Forget, in place, that the item was shown up to the day on which it was met."""
    if profile.shown:
        _drop(profile.shown, item_mark(item_id), at_ms // DAY_MS)
        _forget_old(profile)


def merge_shown(profile: Profile, other: Profile) -> None:
    """Add the other's impressions, in place, once the meetings have been united."""
    for day, records in other.shown:
        for mark, number in RECORD.iter_unpack(records):
            _add(profile.shown, day, mark, number)
    for day, records in list(profile.shown):
        for mark, _ in RECORD.iter_unpack(records):
            if memory.is_met(profile.seen, mark, day):
                _drop(profile.shown, mark, day)
    _forget_old(profile)


def shown_often(profile: Profile, now: datetime, times: int) -> set[int]:
    """Numbers of the items shown so often or more within `KEPT_DAYS` since they were met last."""
    since = to_ms(now) // DAY_MS - KEPT_DAYS
    counts: dict[int, int] = {}
    get = counts.get
    for day, records in profile.shown:
        if day >= since:
            for item, number in NUMBERED.iter_unpack(records):
                counts[item] = get(item, 0) + number
    return {item for item, number in counts.items() if number >= times}


def _add(shown: memory.Days, day: int, mark: bytes, number: int) -> None:
    at = bisect_left(shown, day, key=itemgetter(0))
    if at == len(shown) or shown[at][0] != day:
        shown.insert(at, (day, RECORD.pack(mark, number)))
        return
    records = shown[at][1]
    place = memory.find(records, mark, RECORD.size)
    if place >= 0:
        known, rest = records[place + ITEM_BYTES], place + RECORD.size
        shown[at] = day, records[:place] + RECORD.pack(mark, min(known + number, MOST)) + records[rest:]
    else:
        place = memory.place(records, mark, RECORD.size)
        shown[at] = day, records[:place] + RECORD.pack(mark, number) + records[place:]


def _drop(shown: memory.Days, mark: bytes, day: int) -> None:
    """Drop the item's records up to this day."""
    for at in range(bisect_left(shown, day + 1, key=itemgetter(0)) - 1, -1, -1):
        known, records = shown[at]
        place = memory.find(records, mark, RECORD.size)
        if place >= 0:
            rest = records[:place] + records[place + RECORD.size :]
            shown[at : at + 1] = [(known, rest)] if rest else []


def _forget_old(profile: Profile) -> None:
    """Drop days that are too old beside the newest one, also if that is one of `seen`: what was shown on it and then
    met is no longer here to tell."""
    newest = max(days[-1][0] for days in (profile.shown, profile.seen) if days) if profile.shown else 0
    while profile.shown and profile.shown[0][0] < newest - KEPT_DAYS:
        del profile.shown[0]
