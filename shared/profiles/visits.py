"""Repeat visits: an item met again on another day (UTC) is of more interest than its acts say.

`seen` has each item under the last day on which it was met, `visits` under all the days before: a set of days, in
whatever order they become known. For each entry of `visits` the item's interest has `REVISIT`, decayed from that day.
"""

from shared.events.kinds import REVISIT
from shared.profiles import decay, memory
from shared.profiles.memory import DAY_MS, item_mark
from shared.profiles.profile import Profile


def visit_item(profile: Profile, item_id: str, at_ms: int) -> None:
    """Note, in place, that the item was met."""
    mark = item_mark(item_id)
    earlier = memory.meet(profile.seen, mark, at_ms // DAY_MS)
    if earlier is not None and memory.note(profile.visits, mark, earlier):
        _reward(profile, item_id, earlier, REVISIT)


def merge_visits(profile: Profile, other: Profile) -> None:
    """Add the other's visits, in place, once the interests have been added up: a day that both know counts once, and
    one that is a day before another only now counts from now on."""
    earlier = set(memory.unite(profile.seen, other.seen))
    mine, theirs = set(memory.pairs(profile.visits)), set(memory.pairs(other.visits))
    names = {item_mark(item_id): item_id for item_id in decay.values(profile.items)}
    rewards = dict.fromkeys(earlier - mine - theirs, REVISIT) | dict.fromkeys(mine & theirs, -REVISIT)
    for (day, mark), weight in rewards.items():
        if mark in names:
            _reward(profile, names[mark], day, weight)
    profile.visits = memory.pack(mine | theirs | earlier)


def _reward(profile: Profile, item_id: str, day: int, weight: float) -> None:
    decay.add(profile.items, item_id, weight, day * DAY_MS, profile.half_life_ms)
