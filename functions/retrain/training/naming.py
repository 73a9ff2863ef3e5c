"""Names for clusters of people, by rules that a marketer can read."""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple


class Rule(NamedTuple):
    """A name, what it means, and which way its people differ from the average.

    `signs` has +1 for each feature that must be above average and -1 for each that must be below.
    """

    name: str
    meaning: str
    signs: dict[str, int]


RULES: tuple[Rule, ...] = (
    Rule("high_intent_buyer", "fills carts, begins to pay, buys", {"high_intent": 1, "active": 1}),
    Rule("loyal_regular", "comes back again and again, and lately", {"sessions": 1, "recency_days": -1}),
    Rule("researcher", "stays long and opens page after page", {"avg_session_s": 1, "pages_per_session": 1}),
    Rule("browser", "opens many pages in a visit and leaves it at that", {"pages_per_session": 1, "high_intent": -1}),
    Rule("enthusiast", "searches, shares, comments, keeps, but does not buy", {"active": 1, "high_intent": -1}),
    Rule("prospect", "looks around and begins to fill a cart", {"high_intent": 1, "page_views": 1}),
    Rule("lapsed_buyer", "filled carts and bought, and has been away since", {"high_intent": 1, "recency_days": 1}),
    Rule("lapsed_regular", "used to come often, and has been away since", {"sessions": 1, "recency_days": 1}),
    Rule("disengaged", "has not been here for long, and never came often", {"recency_days": 1, "sessions": -1}),
    Rule("casual_visitor", "drops in, looks at little and goes", {"avg_session_s": -1, "pages_per_session": -1}),
    Rule("one_off_visitor", "came once, for a page or two", {"sessions": -1, "page_views": -1}),
    Rule("quiet_reader", "lingers over few pages", {"avg_session_s": 1, "pages_per_session": -1}),
)
"""As many as there can be personas. Of equal claims that of the upper rule counts."""


def name_clusters(features: Sequence[str], centroids: Sequence[Sequence[float]]) -> list[str]:
    """A name for each standardised centroid, no name twice.

    A rule's claim to a cluster is how far the centroid lies in the rule's direction (the projection on the unit vector
    of its signs). The strongest claim of all is granted first, then the strongest that is left; a claim against one of
    the rule's own signs is granted only when no other is left.
    """
    claims = [
        (*_claim(rule, dict(zip(features, centroid, strict=True))), -rank, -index)
        for rank, rule in enumerate(RULES)
        for index, centroid in enumerate(centroids)
    ]
    named: dict[int, int] = {}
    for _, _, rank, index in sorted(claims, reverse=True):
        if -index not in named and -rank not in named.values():
            named[-index] = -rank
    return [RULES[named[index]].name for index in range(len(centroids))]


def _claim(rule: Rule, centroid: dict[str, float]) -> tuple[bool, float]:
    along = [sign * centroid[feature] for feature, sign in rule.signs.items()]
    return min(along) > 0, round(sum(along) / sqrt(len(along)), 9)
