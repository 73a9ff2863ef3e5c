"""The profile: everything Attune remembers of one person, in one bounded value."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from shared.errors import PermanentError, Problem
from shared.profiles import decay, memory, sessions

FORMAT = 1
MAX_STATE_BYTES = 28_000
"""The document holds at most 32 KiB; the readable face gets the rest."""

CAPS = {"ring": 512, "items": 100, "categories": 50, "recent": 20, "spans": 50, "seen": 3_000, "kept": 250}
"""How many a profile keeps of each. Below these bounds a fold is exact; `bound` says what is dropped above them."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)


class Recent(msgspec.Struct, array_like=True, order=True, frozen=True):
    """One of the last acts on an item."""

    at_ms: int
    item_id: str
    kind: str


class Profile(msgspec.Struct, array_like=True):
    """What the fold has made of a person's events. Only `shared.profiles` looks inside; others read the face."""

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

    Where identifiers are so long that the caps do not bound the size, the caps are halved, in place, until they do.
    """
    state, shrink = _encode(profile), 1
    while len(state) > MAX_STATE_BYTES:
        shrink *= 2
        _bound_items(profile, shrink)
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
    if profile.format != FORMAT:
        raise PermanentError("unreadable profile", (Problem("state", f"format {FORMAT}", f"format {profile.format}"),))
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
    closed, closed_ms = sessions.close(profile.spans, CAPS["spans"], cap_ms)
    if closed.number:
        profile.closed += closed
        profile.floor_ms = max(profile.floor_ms, closed_ms + gap_ms)
    profile.floor_ms = max(profile.floor_ms, forgotten_ms)
    _bound_items(profile, shrink=1)


def _bound_items(profile: Profile, shrink: int) -> None:
    decay.bound(profile.items, CAPS["items"] // shrink)
    decay.bound(profile.categories, CAPS["categories"] // shrink)
    del profile.recent[: -max(1, CAPS["recent"] // shrink)]
    memory.days_bound(profile.seen, CAPS["seen"] // shrink)
    memory.days_bound(profile.purchased, CAPS["kept"] // shrink)
    memory.days_bound(profile.dismissed, CAPS["kept"] // shrink)
