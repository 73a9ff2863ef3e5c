"""The fold: profile and event → profile. Pure: no clock, no store."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Literal, NamedTuple

from shared.events.event import Event
from shared.events.kinds import ITEM_KINDS, Engagement, Kind, weigh
from shared.profiles import decay, memory, sessions
from shared.profiles.profile import MS, Profile, Recent, bound, to_ms
from shared.settings import Settings

Outcome = Literal["applied", "duplicate", "late", "no_consent"]
"""What became of an event: counted; counted before; older than the profile's memory; not allowed to count."""

PERSONALIZATION = "personalization"
RESENT_MS = timedelta(minutes=1) // MS
"""An event sent again may claim a time that differs by the sender's clock correction; within it, old means late."""


NO_ACTS: frozenset[Kind] = frozenset(("page_view", "item_view", "scroll", "dwell"))
"""Opening a page, and what merely measures the stay on it: a visit of nothing else is a bounce."""


class Terms(NamedTuple):
    """The settings that a fold depends upon."""

    session_gap_ms: int
    session_cap_ms: int
    weights: Mapping[str, float]
    require_consent: bool


def read_terms(settings: Settings) -> Terms:
    """The terms of these settings."""
    return Terms(settings.session_gap // MS, settings.session_cap // MS, settings.weights, settings.require_consent)


def fold(profile: Profile, events: Iterable[Event], terms: Terms) -> list[Outcome]:
    """Fold events into the profile, in place, and say what became of each.

    Below the profile's bounds (`CAPS`) every order, repetition and batching of the same events leads to one profile.
    """
    outcomes: list[Outcome] = [_apply(profile, event, terms) for event in events]
    if "applied" in outcomes:
        bound(profile, terms.session_gap_ms, terms.session_cap_ms)
    return outcomes


def _apply(profile: Profile, event: Event, terms: Terms) -> Outcome:
    if not is_allowed(event, terms):
        return "no_consent"
    at_ms, mark = to_ms(event.occurred_at), memory.event_mark(event.event_id)
    if memory.in_ring(profile.ring, mark):
        return "duplicate"
    if profile.floor_ms and at_ms <= profile.floor_ms + RESENT_MS:
        return "late"
    profile.ring = memory.ring_add(profile.ring, at_ms, mark)
    _count(profile, event, at_ms, terms)
    return "applied"


def is_allowed(event: Event, terms: Terms) -> bool:
    """Whether the person's consent lets the event into a profile."""
    if event.consent is None:
        return not terms.require_consent
    return PERSONALIZATION in event.consent


def _count(profile: Profile, event: Event, at_ms: int, terms: Terms) -> None:
    weight, engagement = weigh(event.kind, event.dwell_s, event.scroll_depth, event.quantity, terms.weights)
    _tally(profile.counts, event.kind)
    for item_id in event.item_ids:
        decay.add(profile.items, item_id, weight, at_ms, profile.half_life_ms)
    if event.category:
        decay.add(profile.categories, event.category, weight, at_ms, profile.half_life_ms)
    _remember_items(profile, event, at_ms)
    if event.kind == "purchase" and event.value is not None:
        currency = event.currency or ""
        profile.revenue[currency] = profile.revenue.get(currency, 0) + round(event.value * 1_000)
    if engagement != "none":
        _tally(profile.engagement, engagement)
        _visit(profile, event, at_ms, engagement, terms)


def _visit(profile: Profile, event: Event, at_ms: int, engagement: Engagement, terms: Terms) -> None:
    """Recency and sessions: an act of the person."""
    profile.first_ms = min(profile.first_ms or at_ms, at_ms)
    profile.last_ms = max(profile.last_ms, at_ms)
    high_intent = int(engagement == "high_intent")
    if high_intent:
        profile.last_high_intent_ms = max(profile.last_high_intent_ms, at_ms)
    page, item = int(event.kind == "page_view"), int(event.kind == "item_view")
    other = int(event.kind not in NO_ACTS)
    act = sessions.Span(at_ms, 0, page, item, other, high_intent)
    sessions.join(profile.spans, act, terms.session_gap_ms)


def _remember_items(profile: Profile, event: Event, at_ms: int) -> None:
    for item_id in event.item_ids:
        if event.kind in ITEM_KINDS:
            memory.meet(profile.seen, item_id, at_ms)
            profile.recent.append(Recent(at_ms, item_id, event.kind))
        if event.kind == "purchase":
            memory.meet(profile.purchased, item_id, at_ms)
        if event.kind == "dismiss":
            memory.meet(profile.dismissed, item_id, at_ms)
    profile.recent.sort()


def _tally(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
