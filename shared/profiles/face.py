"""The readable face of a profile: what a CMS, an e-mail tool or an analyst may read and query."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice

from shared.profiles import decay, sessions
from shared.profiles.cart import cart
from shared.profiles.profile import MS, Profile, from_ms
from shared.profiles.standing import NEWCOMER
from shared.stores.ports import Value

MOST = 5
LONGEST_BYTES = 100
"""The face names so many of each, and only what is short: so it is bounded whatever ids are."""

UNKNOWN = "-"
"""The currency of purchases that name none."""


def summarise(profile: Profile, session_cap_ms: int) -> sessions.Sessions:
    """Sums over all sessions, open ones included."""
    return profile.closed + sessions.summarise(profile.spans, session_cap_ms, profile.closed_ms)


def features(profile: Profile, now: datetime, session_cap_ms: int) -> dict[str, float]:
    """What personas are told by. `infra/sql/persona_features.sql` computes the same from the log; a test compares.

    Returns:
        avg_session_s: mean length of a session, seconds.
        pages_per_session: mean number of pages in a session.
        page_views: pages opened, all sessions.
        high_intent: high-intent acts, all time.
        active: active and high-intent acts as a share of all acts, 0 to 1.
        sessions: number of sessions.
        recency_days: days since the last act.
    """
    total = summarise(profile, session_cap_ms)
    count = max(1, total.number)
    acts = profile.engagement
    active, high = acts.get("active", 0), acts.get("high_intent", 0)
    return {
        "avg_session_s": total.length_ms / 1_000 / count,
        "pages_per_session": total.pages / count,
        "page_views": float(total.pages),
        "high_intent": float(high),
        "active": (active + high) / max(1, sum(acts.values())),
        "sessions": float(total.number),
        "recency_days": max(0.0, (now - from_ms(profile.last_ms)) / MS / 86_400_000) if profile.last_ms else 0.0,
    }


def face(profile: Profile, persona: str, session_cap_ms: int) -> dict[str, Value]:
    """The document's readable fields, but for the ids. The cart is that of the last act.

    While consent is withdrawn, it is the face of somebody unknown: what is kept of them is shown to nobody.
    """
    if profile.consent.is_withdrawn:
        profile, persona = Profile(profile.format, profile.half_life_ms, consent=profile.consent), NEWCOMER
    total = summarise(profile, session_cap_ms)
    number = max(1, total.number)
    spent = {currency: units / 1_000 for currency, units in profile.revenue.items()}
    currencies = sorted(profile.orders, key=lambda currency: (-profile.orders[currency], currency))[:MOST]
    return {
        "persona": persona,
        "consent": list(profile.consent.purposes) if profile.consent.at_us else None,
        "first_seen": from_ms(profile.first_ms) if profile.first_ms else None,
        "last_seen": from_ms(profile.last_ms) if profile.last_ms else None,
        "last_high_intent": from_ms(profile.last_high_intent_ms) if profile.last_high_intent_ms else None,
        "sessions": total.number,
        "active_sessions": total.active,
        "high_intent_sessions": total.high_intent,
        "avg_session_s": round(total.length_ms / 1_000 / number, 3),
        "pages_per_session": round(total.pages / number, 3),
        "bounce_rate": round(total.bounces / number, 3),
        "return_rate": round(total.returns / number, 3),
        "events": sum(profile.counts.values()),
        "passive": profile.engagement.get("passive", 0),
        "active": profile.engagement.get("active", 0),
        "high_intent": profile.engagement.get("high_intent", 0),
        "purchases": profile.counts.get("purchase", 0),
        "orders": {currency or UNKNOWN: float(profile.orders[currency]) for currency in currencies},
        "revenue": {currency or UNKNOWN: spent[currency] for currency in currencies},
        "average_order": {
            currency or UNKNOWN: round(spent[currency] / profile.orders[currency], 3) for currency in currencies
        },
        "cart_items": _short(cart(profile, from_ms(profile.last_ms)) if profile.cart else ()),
        "top_items": _top(decay.values(profile.items)),
        "top_categories": _top(decay.values(profile.categories)),
        "top_brands": _top(decay.values(profile.brands)),
        "top_tags": _top(decay.values(profile.tags)),
    }


def _top(totals: Mapping[str, float]) -> list[str]:
    return _short(key for key, _ in decay.top(totals, MOST))


def _short(keys: Iterable[str]) -> list[str]:
    return list(islice((key for key in keys if len(key.encode()) <= LONGEST_BYTES), MOST))
