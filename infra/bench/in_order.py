"""Single delivery in order: the profile that every other way of delivery must lead to."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from infra.bench.people import fold_all
from shared.events.event import Event
from shared.profiles.fold import Terms
from shared.profiles.memory import ITEM_BYTES, RECORD
from shared.profiles.profile import CAPS, MAX_STATE_BYTES, Profile, encode_profile, to_ms
from shared.settings import Settings


class InOrder(NamedTuple):
    """The packed state, and whether nothing had to be dropped from it: then it is exact in every order."""

    state: bytes
    is_below: bool


def in_order(events: Sequence[Event], terms: Terms, settings: Settings) -> InOrder:
    """Fold each event once, in the order of time."""
    profile = fold_all(sorted(events, key=lambda event: to_ms(event.occurred_at)), terms, settings)
    is_below = len(msgspec.msgpack.encode(profile)) <= MAX_STATE_BYTES and _is_below(profile)
    return InOrder(encode_profile(profile), is_below)


def _is_below(profile: Profile) -> bool:
    """What was cut is as long as its cap. The last acts may be: which ones are last does not depend on the order."""
    lengths = {
        "ring": len(profile.ring) // RECORD - 1,  # it is not cut before it holds more
        "spans": len(profile.spans) - 1,
        "cart": len(profile.cart),
        "currencies": len(profile.orders),
        **{name: _keys(getattr(profile, name)) for name in ("items", "categories", "brands", "tags")},
        **{name: _marks(getattr(profile, name)) for name in ("seen", "visits", "purchased", "dismissed", "exited")},
    }
    return profile.floor_ms == 0 and all(length < CAPS[name] for name, length in lengths.items())


def _keys(buckets: list[tuple[int, dict[str, int]]]) -> int:
    return len({key for _, sums in buckets for key in sums})


def _marks(days: list[tuple[int, bytes]]) -> int:
    return sum(len(marks) for _, marks in days) // ITEM_BYTES
