"""The readable face of a profile: what a CMS, an e-mail tool or an analyst may read and query."""

from datetime import datetime

from shared.profiles import decay, sessions
from shared.profiles.profile import MS, Profile, from_ms
from shared.stores.ports import Value


def summarise(profile: Profile, session_cap_ms: int) -> sessions.Sessions:
    """Sums over all sessions, open ones included."""
    return profile.closed + sessions.summarise(profile.spans, session_cap_ms)


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
    """The document's readable fields, but for the ids."""
    total = summarise(profile, session_cap_ms)
    return {
        "persona": persona,
        "first_seen": from_ms(profile.first_ms) if profile.first_ms else None,
        "last_seen": from_ms(profile.last_ms) if profile.last_ms else None,
        "sessions": total.number,
        "avg_session_s": round(total.length_ms / 1_000 / max(1, total.number), 3),
        "pages_per_session": round(total.pages / max(1, total.number), 3),
        "bounce_rate": round(total.bounces / max(1, total.number), 3),
        "events": sum(profile.counts.values()),
        "passive": profile.engagement.get("passive", 0),
        "active": profile.engagement.get("active", 0),
        "high_intent": profile.engagement.get("high_intent", 0),
        "purchases": profile.counts.get("purchase", 0),
        "top_categories": _top(profile.categories),
        "top_items": _top(profile.items),
    }


def _top(buckets: decay.Buckets) -> list[str]:
    """The five strongest, short enough to bound the face."""
    return [key for key, _ in decay.top(decay.values(buckets), 5) if len(key) <= 128]
