"""Merge: two profiles whose events differ become the profile of all of them."""

from shared.profiles import consent, decay, memory, sessions
from shared.profiles.cart import forget
from shared.profiles.fold import Terms
from shared.profiles.profile import Profile, bound
from shared.profiles.shown import merge_shown
from shared.profiles.visits import merge_visits


def merge(profile: Profile, other: Profile, terms: Terms) -> None:
    """Add the other's events to the profile, in place: sums, unions, maxima.

    Below the bounds the bytes are those of a fold of the events of both, however these were divided. An event that both
    have counted is counted twice: whoever merges sees to it that there is none.

    Raises:
        ValueError: their half-lives differ; then only a fold of all events gives the sums.
    """
    if profile.half_life_ms != other.half_life_ms:
        raise ValueError(f"half-lives of {profile.half_life_ms} and {other.half_life_ms} ms: fold the events again")
    profile.first_ms = min(profile.first_ms or other.first_ms, other.first_ms or profile.first_ms)
    for name in ("last_ms", "last_high_intent_ms", "closed_ms", "floor_ms"):
        setattr(profile, name, max(getattr(profile, name), getattr(other, name)))
    for name in ("dwell_ms", "crawler"):
        setattr(profile, name, getattr(profile, name) + getattr(other, name))
    for name in ("counts", "engagement", "revenue", "orders"):
        _add(getattr(profile, name), getattr(other, name))
    for name in ("items", "categories", "brands", "tags"):
        decay.merge(getattr(profile, name), getattr(other, name))
    for name in ("purchased", "dismissed", "exited"):
        memory.unite(getattr(profile, name), getattr(other, name))
    merge_visits(profile, other)
    merge_shown(profile, other)
    profile.recent = sorted([*profile.recent, *other.recent])
    profile.cart = sorted([*profile.cart, *other.cart])
    forget(profile)
    profile.closed += other.closed
    for span in other.spans:
        sessions.join(profile.spans, span, terms.session_gap_ms)
    profile.consent = consent.join(profile.consent, other.consent)
    profile.ring = memory.ring_union(profile.ring, other.ring)
    bound(profile, terms.session_gap_ms, terms.session_cap_ms)


def _add(sums: dict[str, int], other: dict[str, int]) -> None:
    for name, number in other.items():
        sums[name] = sums.get(name, 0) + number
