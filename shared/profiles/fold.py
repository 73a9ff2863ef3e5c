"""The fold: profile and event → profile. Pure: no clock, no store."""

from bisect import insort
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Literal, NamedTuple

from shared.events.event import Event
from shared.events.kinds import DWELL_KINDS, ITEM_KINDS, SPILL, Engagement, Kind, judge, weigh
from shared.events.traits import read_traits
from shared.profiles import consent, decay, memory, sessions
from shared.profiles.bots import is_crawler
from shared.profiles.cart import change_cart
from shared.profiles.memory import DAY_MS, item_mark
from shared.profiles.profile import MS, Profile, Recent, bound, to_ms
from shared.profiles.shown import clear_shown, show_items
from shared.profiles.visits import visit_item
from shared.settings import Settings

Outcome = Literal["applied", "duplicate", "late", "no_consent"]
"""What became of an event: counted; counted before; older than the profile's memory; not allowed to count."""

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
    at_ms, mark = to_ms(event.occurred_at), memory.event_mark(event.event_id)
    is_silent = event.consent is None
    if not is_silent or profile.consent.at_us:  # of whom never said a word, and may not count without, nothing is kept
        profile.consent = consent.heard(profile.consent, event)
    if not consent.allows(profile.consent, event, terms.require_consent):
        return "no_consent"
    if memory.in_ring(profile.ring, mark):
        return "duplicate"
    if profile.floor_ms and at_ms <= profile.floor_ms + RESENT_MS:
        return "late"
    profile.ring = memory.ring_add(profile.ring, at_ms, mark)
    if is_silent:
        profile.consent = consent.heard(profile.consent, event)
    _count(profile, event, at_ms, terms)
    return "applied"


def is_allowed(event: Event, terms: Terms) -> bool:
    """Whether the event's own consent lets it count; what its person stated before is the profile's to know."""
    if event.consent is None:
        return not terms.require_consent
    return consent.PERSONALIZATION in event.consent


def _count(profile: Profile, event: Event, at_ms: int, terms: Terms) -> None:
    kind, dwell_s, duration_s = event.kind, event.dwell_s, event.duration_s
    weight, engagement = weigh(kind, dwell_s, event.scroll_depth, event.quantity, terms.weights, duration_s)
    is_exit = judge(kind, dwell_s, duration_s) == "quick_exit"
    _tally(profile.counts, kind)
    _interest(profile, event, at_ms, weight, SPILL if is_exit else 1.0)
    _remember_items(profile, event, at_ms, is_exit)
    change_cart(profile, event, at_ms)
    if dwell_s is not None and kind in DWELL_KINDS:
        profile.dwell_ms += round(dwell_s * 1_000)
    if kind == "purchase" and event.value is not None:
        currency = event.currency or ""
        profile.revenue[currency] = profile.revenue.get(currency, 0) + round(event.value * 1_000)
        _tally(profile.orders, currency)
    if engagement != "none":
        _tally(profile.engagement, engagement)
        _visit(profile, event, at_ms, engagement, terms)


def _interest(profile: Profile, event: Event, at_ms: int, weight: float, share: float) -> None:
    """Interest in the items, and `share` of it in what they are like."""
    half_life_ms = profile.half_life_ms
    if weight or event.kind in ITEM_KINDS:  # whose repeat visits have a weight of their own
        for item_id in event.item_ids:
            decay.add(profile.items, item_id, weight, at_ms, half_life_ms)
    if not weight:
        return
    if event.category:
        decay.add(profile.categories, event.category, weight * share, at_ms, half_life_ms)
    brand, tags = read_traits(event)
    if brand:
        decay.add(profile.brands, brand, weight * share, at_ms, half_life_ms)
    for tag in tags:
        decay.add(profile.tags, tag, weight * share, at_ms, half_life_ms)


def _visit(profile: Profile, event: Event, at_ms: int, engagement: Engagement, terms: Terms) -> None:
    """Recency and sessions: an act of the person."""
    profile.first_ms = min(profile.first_ms or at_ms, at_ms)
    profile.last_ms = max(profile.last_ms, at_ms)
    if (agent := event.context.user_agent) is not None and is_crawler(agent):
        profile.crawler += 1
    high_intent, active = int(engagement == "high_intent"), int(engagement == "active")
    if high_intent:
        profile.last_high_intent_ms = max(profile.last_high_intent_ms, at_ms)
    page, item = int(event.kind == "page_view"), int(event.kind == "item_view")
    other = int(event.kind not in NO_ACTS)
    act = sessions.Span(at_ms, 0, page, item, other, high_intent, active)
    sessions.join(profile.spans, act, terms.session_gap_ms)


def _remember_items(profile: Profile, event: Event, at_ms: int, is_exit: bool) -> None:
    kind = event.kind
    if kind == "impression":
        show_items(profile, event.item_ids, at_ms)
    for item_id in event.item_ids:
        if kind in ITEM_KINDS:
            visit_item(profile, item_id, at_ms)
            clear_shown(profile, item_id, at_ms)
            insort(profile.recent, Recent(at_ms, item_id, kind))
        if kind == "purchase":
            memory.meet(profile.purchased, item_mark(item_id), at_ms // DAY_MS)
        if kind == "dismiss":
            memory.meet(profile.dismissed, item_mark(item_id), at_ms // DAY_MS)
        if is_exit:
            memory.meet(profile.exited, item_mark(item_id), at_ms // DAY_MS)


def _tally(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
