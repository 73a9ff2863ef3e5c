"""The profile: everything Attune remembers of one person, in one bounded value."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from shared.errors import PermanentError, Problem
from shared.profiles import decay, memory, sessions
from shared.profiles.consent import Consent

FORMAT = 3
"""Earlier formats are this one without its later fields, and are read as such: what these would hold of the events of
then is missing until a rebuild."""

MAX_STATE_BYTES = 25_000
"""The document holds at most 32 KiB: the state so much, the readable face about 4 KB, the rest what stands beside."""

CAPS = {
    "ring": 512,
    "items": 100,
    "categories": 50,
    "brands": 40,
    "tags": 60,
    "recent": 20,
    "spans": 50,
    "cart": 100,
    "currencies": 16,
    "seen": 2_500,
    "visits": 250,
    "purchased": 250,
    "dismissed": 250,
    "exited": 100,
    "shown": 500,
}
"""How many a profile keeps of each. Below these bounds a fold is exact; `bound` says what is dropped above them."""

SHRINK = 0.8

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)


class Recent(msgspec.Struct, array_like=True, order=True, frozen=True):
    """One of the last acts on an item."""

    at_ms: int
    item_id: str
    kind: str


class CartAct(msgspec.Struct, array_like=True, order=True, frozen=True):
    """A change of the cart: thousandths of a unit taken out; what was put in is negative, and so comes first."""

    at_ms: int
    taken: int
    item_id: str


class Profile(msgspec.Struct, array_like=True):
    """What the fold has made of a person's events. Only `shared.profiles` looks inside; others read the face.

    Attributes:
        revenue, orders: by currency, thousandths spent and purchases that told their worth.
        items, categories, brands, tags: interests.
        spans, closed: the latest sessions, and sums over those before; the last of these ended at `closed_ms`.
        seen, purchased, dismissed, exited: items under the last day of each; `visits` has the days before it of `seen`.
        shown: how often items were shown since they were met last, by day; see shared/profiles/shown.py.
        dwell_ms: time told to have been spent with items and pages.
        crawler: acts of a known crawler.
        consent: what the person has stated last.
        ring: the events that can be told from new ones; whatever occurred by `floor_ms` no longer can.
    """

    format: int
    half_life_ms: Annotated[int, msgspec.Meta(gt=0)]
    first_ms: int = 0
    last_ms: int = 0
    last_high_intent_ms: int = 0
    counts: dict[str, int] = {}
    engagement: dict[str, int] = {}
    revenue: dict[str, int] = {}
    items: decay.Buckets = []
    categories: decay.Buckets = []
    spans: list[sessions.Span] = []
    closed: sessions.Sessions = sessions.Sessions()
    recent: list[Recent] = []
    seen: memory.Days = []
    purchased: memory.Days = []
    dismissed: memory.Days = []
    ring: bytes = b""
    floor_ms: int = 0
    orders: dict[str, int] = {}
    brands: decay.Buckets = []
    tags: decay.Buckets = []
    visits: memory.Days = []
    exited: memory.Days = []
    cart: list[CartAct] = []
    closed_ms: int = 0
    dwell_ms: int = 0
    crawler: int = 0
    consent: Consent = Consent()
    shown: memory.Days = []

    @property
    def excluded(self) -> set[int]:
        """Numbers of all items that must not be recommended again."""
        return memory.met(self.seen, self.purchased, self.dismissed)


def new_profile(half_life: timedelta) -> Profile:
    """A person of whom nothing is known. The half-life stays with the profile until it is rebuilt."""
    return Profile(format=FORMAT, half_life_ms=half_life // MS)


_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder(Profile).decode


def encode_profile(profile: Profile) -> bytes:
    """The one byte string of this profile: equal profiles have equal bytes.

    Where the caps do not bound the size, they are lowered by a fifth, in place, until they do: those of what is kept by
    name at once, those of what is kept by fingerprint when the others are at a quarter. The ring and spans stay.
    """
    state, share = _encode(profile), 1.0
    while len(state) > MAX_STATE_BYTES:
        share *= SHRINK
        _bound_items(profile, share)
        state = _encode(profile)
    return state


def decode_profile(state: bytes) -> Profile:
    """The profile of its bytes. Raises PermanentError if they are not one, or of another format."""
    try:
        profile = _decode(state)
    except msgspec.DecodeError as error:
        raise PermanentError(
            "unreadable profile", (Problem("state", f"a profile of format {FORMAT}", str(error)),)
        ) from None
    if not 1 <= profile.format <= FORMAT:
        raise PermanentError("unreadable profile", (Problem("state", f"format {FORMAT}", f"format {profile.format}"),))
    profile.format = FORMAT
    return profile


def to_ms(time: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (time - EPOCH) // MS


def from_ms(ms: int) -> datetime:
    """The time of whole milliseconds since 1970."""
    return EPOCH + ms * MS


def bound(profile: Profile, gap_ms: int, cap_ms: int) -> None:
    """Drop, in place, what is over the caps: the oldest events, sessions and items, and the weakest interests.

    Events at or before `floor_ms` can no longer be told from new ones, nor their sessions be reopened: they are late.
    """
    profile.ring, forgotten_ms = memory.ring_bound(profile.ring, CAPS["ring"])
    if len(profile.spans) > CAPS["spans"]:
        closed, profile.closed_ms = sessions.close(profile.spans, CAPS["spans"], cap_ms, profile.closed_ms)
        profile.closed += closed
        profile.floor_ms = max(profile.floor_ms, profile.closed_ms + gap_ms)
    profile.floor_ms = max(profile.floor_ms, forgotten_ms)
    if len(profile.orders) > CAPS["currencies"]:
        _bound_currencies(profile)
    _bound_items(profile, share=1.0)


def _bound_items(profile: Profile, share: float) -> None:
    for name in ("items", "categories", "brands", "tags"):
        decay.bound(getattr(profile, name), int(CAPS[name] * share))
    for name in ("recent", "cart"):
        del getattr(profile, name)[: -max(1, int(CAPS[name] * share))]
    for name in ("seen", "visits", "purchased", "dismissed", "exited"):
        memory.days_bound(getattr(profile, name), int(CAPS[name] * min(1.0, 4 * share)))
    memory.days_bound(profile.shown, int(CAPS["shown"] * min(1.0, 4 * share)), memory.SHOWN_BYTES)


def _bound_currencies(profile: Profile) -> None:
    """Keep the currencies with most purchases, ties by name."""
    kept = sorted(profile.orders, key=lambda currency: (-profile.orders[currency], currency))[: CAPS["currencies"]]
    profile.orders = {currency: profile.orders[currency] for currency in kept}
    profile.revenue = {currency: profile.revenue[currency] for currency in kept}
