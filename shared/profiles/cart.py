"""The cart: acts kept in order of time and replayed when it is read, so that the order of arrival plays no part."""

from bisect import insort
from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.events.event import Event
from shared.events.kinds import Kind
from shared.profiles.profile import MS, CartAct, Profile, to_ms

KEPT_MS = timedelta(days=30) // MS
"""An act counts for so long: shops forget carts as well."""

TAKEN: Mapping[Kind, int] = {"add_to_cart": -1, "remove_from_cart": 1, "purchase": 1}
THOUSANDTHS = 1_000


def change_cart(profile: Profile, event: Event, at_ms: int) -> None:
    """Note the event, in place, if it changes the cart. A quantity that is not told is one."""
    sign = TAKEN.get(event.kind)
    units = round((1.0 if event.quantity is None else event.quantity) * THOUSANDTHS)
    if sign is None or not units:
        return
    for item_id in event.item_ids:
        insort(profile.cart, CartAct(at_ms, sign * units, item_id))
    forget(profile)


def forget(profile: Profile) -> None:
    """Drop, in place, the acts that are too old beside the newest: whenever that is noticed, the same remain."""
    acts = profile.cart
    while acts and acts[0].at_ms < acts[-1].at_ms - KEPT_MS:
        del acts[0]


def cart(profile: Profile, now: datetime) -> dict[str, float]:
    """Item → quantity: added minus removed minus bought within `KEPT_MS`, at no time less than nothing.

    Of acts at one time what was put in counts first.
    """
    since_ms = to_ms(now) - KEPT_MS
    held: dict[str, int] = {}
    for act in profile.cart:
        if act.at_ms >= since_ms:
            held[act.item_id] = max(0, held.get(act.item_id, 0) - act.taken)
    return {item_id: units / THOUSANDTHS for item_id, units in held.items() if units}
