"""Exclusion: what must not be shown. Known of the person before any item is read, and known of the item after."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from functools import lru_cache

from shared.models.items import Item
from shared.profiles import memory
from shared.profiles.cart import cart
from shared.profiles.memory import DAY_MS, item_number
from shared.profiles.profile import Profile, to_ms
from shared.profiles.shown import shown_often
from shared.ranking.request import ANYTHING, Filter, Wish
from shared.rules.rule import Items, Span
from shared.rules.ruling import mismatch

EXITED_DAYS = timedelta(days=7) // timedelta(days=1)
"""What somebody has left at once is not shown for so long."""

BOUGHT = "bought"
GONE = frozenset(("out_of_stock", "discontinued"))


def barred(profile: Profile, may_return: bool) -> set[int]:
    """Numbers of the items not to be shown: those bought, dismissed or met last; all met, unless they may return."""
    return bought(profile) | _barred(profile, may_return, frozenset())


def bought(profile: Profile) -> set[int]:
    """Numbers of the items that the person has bought; of these only repeatable ones may be shown."""
    return memory.met(profile.purchased)


def unwanted(profile: Profile, wish: Wish, may_return: bool, now: datetime, shown_limit: int) -> set[int]:
    """Numbers of all items that what is known of the person, or the request, forbids, but for those only bought.

    Whether what was bought may be shown again the catalogue tells: `why_withheld`.
    """
    found = _barred(profile, may_return, bought(profile)) | exited(profile, now)
    found.update(map(item_number, cart(profile, now) if profile.cart else ()))
    found.update(map(item_number, wish.exclude_ids))
    found.update(map(item_number, wish.item_ids))
    if shown_limit:
        found |= shown_often(profile, now, shown_limit)
    return found


def _barred(profile: Profile, may_return: bool, purchased: AbstractSet[int]) -> set[int]:
    """Numbers of the items dismissed or met last; and unless they may return, of all met, but for those bought."""
    last = {item_number(profile.recent[-1].item_id)} if profile.recent else set()
    met = set() if may_return else memory.met(profile.seen) - purchased
    return met | memory.met(profile.dismissed) | last


def exited(profile: Profile, now: datetime) -> set[int]:
    """Numbers of the items that the person left at once lately."""
    since = to_ms(now) // DAY_MS - EXITED_DAYS
    return memory.met([(day, marks) for day, marks in profile.exited if day >= since])


def why_unwanted(profile: Profile, wish: Wish, may_return: bool, now: datetime, shown_limit: int, item: Item) -> str:
    """The same for one item, in words; empty if nothing forbids it."""
    item_id, number = item.item_id, item_number(item.item_id)
    purchased = bought(profile)
    reasons: Mapping[str, bool] = {
        "the request excludes it": item_id in wish.exclude_ids,
        "it is the item being looked at": item_id in wish.item_ids,
        BOUGHT: number in purchased and not item.repeatable,
        "dismissed": number in memory.met(profile.dismissed),
        "in the cart": item_id in cart(profile, now),
        f"left at once within the last {EXITED_DAYS} days": number in exited(profile, now),
        f"shown {shown_limit} times or more without being met": (
            shown_limit > 0 and number in shown_often(profile, now, shown_limit)
        ),
        "met last": number in _barred(profile, may_return=True, purchased=purchased),
        "met before, and people do not come back here": number in _barred(profile, may_return, purchased),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def why_withheld(item: Item | None, wanted: Filter, now: datetime, is_bought: bool = False) -> str:
    """Why the catalogue or the request's filter forbids the item, in words; empty if neither does."""
    if is_bought and (item is None or not item.repeatable):
        return BOUGHT
    if item is not None:
        if item.hidden:
            return "hidden"
        if item.expires_at is not None and item.expires_at <= now:
            return "expired"
        if item.availability in GONE:
            return item.availability.replace("_", " ")
    return "" if wanted is ANYTHING or wanted == ANYTHING else _why_filtered(item, wanted, now)


def _why_filtered(item: Item | None, wanted: Filter, now: datetime) -> str:
    if item is None:
        return "nothing is known of it that the filter asks for"
    name = mismatch(_asked(wanted), item, now)
    if name == "tag":
        return "it has none of the tags asked for"
    return f"its {name} is not asked for" if name else ""


@lru_cache(maxsize=1_000)
def _asked(wanted: Filter) -> Items:
    """The filter in the words of rules."""
    low, high = wanted.min_price, wanted.max_price
    return Items(
        category=list(wanted.category) or None,
        brand=list(wanted.brand) or None,
        tag=list(wanted.tag) or None,
        availability=list(wanted.availability) or None,
        price=None if low is None and high is None else Span(at_least=low, at_most=high),
    )
