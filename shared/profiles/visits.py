"""Repeat visits: an item met again on another day (UTC) is of more interest than its acts say."""

from shared.events.kinds import REVISIT
from shared.profiles import decay, memory
from shared.profiles.memory import DAY_MS, item_mark
from shared.profiles.profile import Profile


def visit_item(profile: Profile, item_id: str, at_ms: int) -> None:
    """Note, in place, that the item was met. `seen` has the last day of each item, `visits` all the days before it."""
    mark = item_mark(item_id)
    earlier = memory.meet(profile.seen, mark, at_ms // DAY_MS)
    if earlier is not None:
        memory.note(profile.visits, mark, earlier)


def interests(profile: Profile) -> dict[str, float]:
    """Interest in each item as of the start of the newest bucket, as `decay.values` has it, with the bonus of repeat
    visits: `REVISIT` for each day but the last, decayed from that day."""
    totals = decay.values(profile.items)
    if not profile.visits:
        return totals
    by_mark = {item_mark(item_id): item_id for item_id in totals}
    newest, half_life_ms = profile.items[-1][0] if profile.items else 0, profile.half_life_ms
    for day, marks in profile.visits:
        bonus = REVISIT * 2.0 ** (day * DAY_MS / half_life_ms - newest)
        for at in range(0, len(marks), memory.ITEM_BYTES):
            item_id = by_mark.get(marks[at : at + memory.ITEM_BYTES])
            if item_id is not None:
                totals[item_id] += bonus
    return totals
