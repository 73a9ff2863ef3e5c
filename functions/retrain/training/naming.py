"""Names for clusters of people, by rules that a marketer can read."""

from collections.abc import Mapping, Sequence
from math import sqrt
from types import MappingProxyType
from typing import Literal, NamedTuple

Level = Literal["high", "low", "not high"]

CLEAR = 0.5
"""A cluster's feature is high or low when its mean is so many standard deviations from everyone's."""


class Rule(NamedTuple):
    """A name, what it means, and what its people are like."""

    name: str
    meaning: str
    traits: dict[str, Level]


RULES: tuple[Rule, ...] = (
    Rule("high_intent_buyer", "fills carts, begins to pay, buys", {"high_intent": "high", "recency_days": "not high"}),
    Rule("lapsed_buyer", "filled carts and bought, then stayed away", {"high_intent": "high", "recency_days": "high"}),
    Rule("loyal_regular", "comes back again and again, and lately", {"sessions": "high", "recency_days": "not high"}),
    Rule("lapsed_regular", "used to come often, then stayed away", {"sessions": "high", "recency_days": "high"}),
    Rule("disengaged", "has not been here for long", {"recency_days": "high", "high_intent": "not high"}),
    Rule("prospect", "looks around and begins to fill a cart", {"high_intent": "high", "page_views": "high"}),
    Rule("researcher", "stays long, opens page after page", {"avg_session_s": "high", "pages_per_session": "high"}),
    Rule("browser", "opens many pages, leaves it at that", {"pages_per_session": "high", "high_intent": "not high"}),
    Rule("enthusiast", "searches, shares, comments, keeps; buys little", {"active": "high", "high_intent": "not high"}),
    Rule("casual_visitor", "drops in, looks at little, goes", {"avg_session_s": "low", "pages_per_session": "low"}),
    Rule("one_off_visitor", "came once or twice and saw little", {"sessions": "low", "page_views": "low"}),
    Rule("quiet_reader", "lingers over few pages", {"avg_session_s": "high", "pages_per_session": "not high"}),
)
"""As many as there can be personas, those that ask for action first."""


def name_clusters(
    features: Sequence[str], centroids: Sequence[Sequence[float]], given: Mapping[int, str] = MappingProxyType({})
) -> list[str]:
    """A name for each standardised centroid, no name twice; clusters that are given one keep it.

    From top to bottom each rule names the cluster that fits it best, if any fits. Clusters that fit no rule get the
    names that are left, the nearest pair of cluster and name first.
    """
    clusters = [dict(zip(features, centroid, strict=True)) for centroid in centroids]
    names = dict(given)
    for rule in RULES:
        fitting = [index for index, cluster in enumerate(clusters) if index not in names and _fits(rule, cluster)]
        if fitting and rule.name not in names.values():
            names[max(fitting, key=lambda index: _nearness(rule, clusters[index]))] = rule.name
    while len(names) < len(clusters):
        left = [rule for rule in RULES if rule.name not in names.values()]
        pairs = [(rule, index) for rule in left for index in range(len(clusters)) if index not in names]
        rule, index = max(pairs, key=lambda pair: _nearness(pair[0], clusters[pair[1]]))
        names[index] = rule.name
    return [names[index] for index in range(len(clusters))]


def contradicts(name: str, features: Sequence[str], centroid: Sequence[float]) -> bool:
    """Whether a cluster is the opposite of what its name says: what should be high is below the mean, and so on.

    A name is won at `CLEAR` and lost only here, so that it does not flip from one training to the next.
    """
    cluster = dict(zip(features, centroid, strict=True))
    tests = {"high": lambda mean: mean < 0, "low": lambda mean: mean > 0, "not high": lambda mean: mean >= 2 * CLEAR}
    rules = [rule for rule in RULES if rule.name == name]
    return any(tests[level](cluster[feature]) for rule in rules for feature, level in rule.traits.items())


def _fits(rule: Rule, cluster: Mapping[str, float]) -> bool:
    tests = {
        "high": lambda mean: mean >= CLEAR,
        "low": lambda mean: mean <= -CLEAR,
        "not high": lambda mean: mean < CLEAR,
    }
    return all(tests[level](cluster[feature]) for feature, level in rule.traits.items())


def _nearness(rule: Rule, cluster: Mapping[str, float]) -> float:
    """How far the cluster lies in the direction of the rule's high and low traits."""
    signs = {"high": 1, "low": -1}
    along = [signs[level] * cluster[feature] for feature, level in rule.traits.items() if level in signs]
    return round(sum(along) / sqrt(len(along)), 9)
