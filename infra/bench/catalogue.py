"""A catalogue and its models, made of everybody's events: what retrain would publish, without its libraries."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import exp
from random import Random

from infra.bench.people import People, make_people, variants_of
from shared.events.kinds import weigh
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.relations import Ranking
from shared.profiles.face import features

VERSION = "bench"
NEIGHBOURS = 50
IN_CATEGORY = 40
"""Of an item's neighbours about so many are of its own category."""

SLOPES = 50
"""So many different falls of similarity from the nearest to the last."""

LIMITS = {"items": 1_000, "items_per_category": 100}
"""As retrain has them."""

PERSONAS = ("high-intent buyer", "loyal reader", "browser", "newcomer", "disengaged")


@dataclass(frozen=True)
class Catalogue:
    """Categories and neighbours by item, and the two models of one document each."""

    categories: dict[str, str]
    neighbours: Mapping[str, Ranking]
    popularity: PopularityModel
    personas: PersonaModel


@cache
def make_catalogue() -> Catalogue:
    """That of `make_people`."""
    people = make_people()
    return catalogue_of(people, _categories(people))


def spread_catalogue(people: People, variants: int) -> Catalogue:
    """That of people who have been `spread`, with all variants, also those that nobody has met."""
    categories = _categories(people)
    return catalogue_of(people, {one: categories[item] for item in categories for one in variants_of(item, variants)})


def catalogue_of(people: People, categories: dict[str, str]) -> Catalogue:
    """Models whose sizes are real and whose contents are plausible; nobody's taste is measured here."""
    met = Counter(item for event in people.everybody for item in event.item_ids)
    return Catalogue(categories, Near(categories, met), _popularity(people), _personas(people))


def _categories(people: People) -> dict[str, str]:
    return {item: event.category or "" for event in people.everybody for item in event.item_ids}


class Near(Mapping[str, Ranking]):
    """Neighbours by item, made up when they are asked for, always the same ones.

    Those of its own category follow Zipf's law (exponent 1): the few items that many people have met are near to many.
    """

    def __init__(self, categories: Mapping[str, str], met: Mapping[str, int]) -> None:
        rng = Random(5)
        self._categories = categories
        self._everything = sorted(categories)
        self._shelves: dict[str, list[str]] = {}
        shuffled = rng.sample(self._everything, len(categories))
        for item in sorted(shuffled, key=lambda item: -met.get(item, 0)):
            self._shelves.setdefault(categories[item], []).append(item)
        self._odds = {
            name: list(accumulate(1 / place for place, _ in enumerate(shelf, 1)))
            for name, shelf in self._shelves.items()
        }
        self._similarities = [_similarities(rng) for _ in range(SLOPES)]

    def __getitem__(self, item: str) -> Ranking:
        rng, category = Random(item), self._categories[item]
        near = rng.choices(self._shelves[category], cum_weights=self._odds[category], k=2 * IN_CATEGORY)
        leading = list(dict.fromkeys(near))[:IN_CATEGORY]
        names = dict.fromkeys([*leading, *rng.sample(self._everything, NEIGHBOURS + 1)])
        names.pop(item, None)
        return list(zip(list(names)[:NEIGHBOURS], rng.choice(self._similarities), strict=True))

    def __iter__(self) -> Iterator[str]:
        return iter(self._everything)

    def __len__(self) -> int:
        return len(self._everything)


def _similarities(rng: Random) -> list[float]:
    """As retrain finds them in a simulation: medians of 0.54 for the nearest, 0.25 for the tenth, 0.06 for the last."""
    return sorted((round(0.5 * exp(-n / 20) * rng.uniform(0.8, 1.2), 6) for n in range(NEIGHBOURS)), reverse=True)


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
