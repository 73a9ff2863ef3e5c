"""What propensities are told by, from the profile; `infra/sql/propensity_features.sql` computes it from the log."""

from collections.abc import Mapping
from datetime import datetime

from shared.models.propensity import Driver, PropensityModel, evaluate
from shared.profiles.face import summarise
from shared.profiles.profile import Profile, to_ms

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
WEEKS = 4
"""Lately is the last week; the trend compares it with the weeks before, up to so many in all."""

FRESH_DAYS = 7.0
"""High intent counts half after so long."""

WORDS = {
    "recency_days": "{:.1f} days since the last act",
    "tenure_days": "known for {:.0f} days",
    "sessions": "{:.0f} visits",
    "sessions_7d": "{:.0f} visits in a week",
    "trend": "{:+.1f} visits against an average week before",
    "days_28d": "here on {:.0f} of 28 days",
    "page_views": "{:.0f} pages",
    "avg_session_s": "visits of {:.0f} s",
    "bounce_share": "{:.0%} of visits one page only",
    "active_share": "{:.0%} of acts active",
    "high_intent": "{:.0f} acts of high intent",
    "high_intent_7d": "{:.0f} acts of high intent in a week",
    "high_intent_share": "{:.0%} of visits with high intent",
    "intent_freshness": "high intent fresh to {:.0%}",
    "cart_acts": "{:.0f} items put into the cart",
    "checkouts": "{:.0f} times to the till",
    "purchases": "{:.0f} purchases",
    "spent": "{:.2f} spent",
}
"""The features, and how each is told to people."""


def propensity_features(profile: Profile, now: datetime, session_cap_ms: int) -> dict[str, float]:
    """What propensities are told by, as of `now`; exact while a profile holds all visits of four weeks.

    Amounts in several currencies are added up as they are: hardly anybody has more than one, and where a shop has
    several, no rate is known here.
    """
    now_ms, counts, acts = to_ms(now), profile.counts, profile.engagement
    total = summarise(profile, session_cap_ms)
    number = max(1, total.number)
    lately = [span for span in profile.spans if span.end_ms > now_ms - WEEKS * WEEK_MS]
    week = [span for span in lately if span.end_ms > now_ms - WEEK_MS]
    high, known = acts.get("high_intent", 0), bool(profile.last_ms)
    intent_days = (now_ms - profile.last_high_intent_ms) / DAY_MS
    return {
        "recency_days": max(0.0, (now_ms - profile.last_ms) / DAY_MS) if known else 0.0,
        "tenure_days": max(0.0, (now_ms - profile.first_ms) / DAY_MS) if known else 0.0,
        "sessions": float(total.number),
        "sessions_7d": float(len(week)),
        "trend": len(week) - (len(lately) - len(week)) / (WEEKS - 1),
        "days_28d": float(len({span.start_ms // DAY_MS for span in lately})),
        "page_views": float(total.pages),
        "avg_session_s": total.length_ms / 1_000 / number,
        "bounce_share": total.bounces / number,
        "active_share": (acts.get("active", 0) + high) / max(1, sum(acts.values())),
        "high_intent": float(high),
        "high_intent_7d": float(sum(span.high_intent for span in week)),
        "high_intent_share": total.high_intent / number,
        "intent_freshness": 2.0 ** (-max(0.0, intent_days) / FRESH_DAYS) if profile.last_high_intent_ms else 0.0,
        "cart_acts": float(counts.get("add_to_cart", 0)),
        "checkouts": float(counts.get("begin_checkout", 0)),
        "purchases": float(counts.get("purchase", 0)),
        "spent": sum(profile.revenue.values()) / 1_000,
    }


def tell_propensities(
    models: Mapping[str, PropensityModel | None], profile: Profile, now: datetime, session_cap_ms: int
) -> dict[str, object]:
    """What each live model says of somebody, as a profile's face shows it; nothing of whoever is away for too long."""
    found = propensity_features(profile, now, session_cap_ms)
    told: dict[str, object] = {}
    for name, model in models.items():
        if model is None or not profile.last_ms or found["recency_days"] >= model.active_days:
            continue
        said = evaluate(model, found)
        told[name] = {
            "probability": round(said.probability, 6),
            "percentile": said.percentile,
            "goal": f"{model.goal} within {model.window_days:g} days",
            "drivers": [tell(driver) for driver in said.drivers],
        }
    return told


def tell(driver: Driver) -> str:
    """The driver in words.

    >>> tell(Driver("purchases", 3.0, 0.8)), tell(Driver("spent", 0.0, -0.2))
    ('+ 3 purchases', '− 0.00 spent')
    """
    words = WORDS.get(driver.feature, driver.feature + " {:g}").format(driver.value)
    return f"{'+' if driver.effect > 0 else '−'} {words}"
