"""A catalogue and its models, made of everybody's events: what retrain would publish, without its libraries."""

from dataclasses import dataclass
from functools import cache
from math import exp
from random import Random

from infra.bench.people import People, make_people
from shared.events.kinds import weigh
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.relations import Ranking
from shared.profiles.face import features

VERSION = "bench"
NEIGHBOURS = 50
IN_CATEGORY = 40
"""Of an item's neighbours so many are of its own category."""

LIMITS = {"items": 1_000, "items_per_category": 100}
"""As retrain has them."""

PERSONAS = ("high-intent buyer", "loyal reader", "browser", "newcomer", "disengaged")


@dataclass(frozen=True)
class Catalogue:
    """Categories and neighbours by item, and the two models of one document each."""

    categories: dict[str, str]
    neighbours: dict[str, Ranking]
    popularity: PopularityModel
    personas: PersonaModel


@cache
def make_catalogue() -> Catalogue:
    """Models whose sizes are real and whose contents are plausible; nobody's taste is measured here."""
    people = make_people()
    categories = {item: event.category or "" for event in people.everybody for item in event.item_ids}
    return Catalogue(categories, _neighbours(categories), _popularity(people), _personas(people))


def _neighbours(categories: dict[str, str]) -> dict[str, Ranking]:
    rng = Random(5)
    everything = sorted(categories)
    shelves: dict[str, list[str]] = {}
    for item in everything:
        shelves.setdefault(categories[item], []).append(item)
    found: dict[str, Ranking] = {}
    for item in everything:
        near = rng.sample(shelves[categories[item]], IN_CATEGORY)
        names = dict.fromkeys([*near, *rng.sample(everything, NEIGHBOURS * 2)])
        names.pop(item, None)
        similarities = sorted((_similarity(rng, rank) for rank in range(NEIGHBOURS)), reverse=True)
        found[item] = list(zip(list(names)[:NEIGHBOURS], similarities, strict=True))
    return found


def _similarity(rng: Random, rank: int) -> float:
    """As retrain finds them in a simulation: medians of 0.54 for the nearest, 0.25 for the tenth, 0.06 for the last."""
    return round(0.5 * exp(-rank / 20) * rng.uniform(0.8, 1.2), 6)


def _popularity(people: People) -> PopularityModel:
    items: dict[str, float] = {}
    shelves: dict[str, dict[str, float]] = {}
    for event in people.everybody:
        weight, _ = weigh(event.kind, event.dwell_s, event.scroll_depth, event.quantity, people.terms.weights)
        for item in event.item_ids:
            for scores in (items, shelves.setdefault(event.category or "", {})):
                scores[item] = scores.get(item, 0.0) + weight
    leading = {name: _relative(shelf, LIMITS["items_per_category"]) for name, shelf in sorted(shelves.items()) if name}
    return PopularityModel(VERSION, _relative(items, LIMITS["items"]), leading)


def _relative(scores: dict[str, float], n: int) -> list[tuple[str, float]]:
    best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:n]
    return [(item, score / best[0][1]) for item, score in best if score > 0]


def _personas(people: People) -> PersonaModel:
    last = max(event.occurred_at for event in people.everybody)
    rows = [features(profile, last, people.terms.session_cap_ms) for profile in people.profiles.values()]
    names = list(rows[0])
    mean = [sum(row[name] for row in rows) / len(rows) for name in names]
    scale = [max(0.1, sum(abs(row[name] - m) for row in rows) / len(rows)) for name, m in zip(names, mean, strict=True)]
    some = Random(7).sample(rows, len(PERSONAS))
    centroids = [[(row[n] - m) / s for n, m, s in zip(names, mean, scale, strict=True)] for row in some]
    sizes = [len(rows) // len(PERSONAS)] * len(PERSONAS)
    return PersonaModel(VERSION, names, [False] * len(names), mean, scale, centroids, list(PERSONAS), sizes)
