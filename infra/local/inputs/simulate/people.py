"""The simulated people: what they are like, and what they have done so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import fsum
from random import Random
from typing import NamedTuple, TypeVar

from infra.local.inputs.simulate.catalogue import CATEGORIES, STYLES, Item
from infra.local.inputs.simulate.personas import CONSENTS, DEVICES, LOCALES, PERSONAS, Device, Persona

T = TypeVar("T")

KNOWN, JOINING = 0.5, 0.3
"""People with an account from the start, and those who sign up on a later visit; the rest stay anonymous."""

SECOND_DEVICE = 0.25
NEWCOMERS = 0.3
"""People whose first day is not the first of the period."""


class Truth(NamedTuple):
    """What nobody outside the simulation knows of a person.

    Attributes:
        user_id: None for somebody who never opens an account.
        anonymous_ids: one a device.
        tastes: probability of each category, sums to 1.
        styles: probability of each style, sums to 1.
        consent: the purposes they allow when asked.
    """

    user_id: str | None
    anonymous_ids: tuple[str, ...]
    persona: str
    tastes: Mapping[str, float]
    styles: Mapping[str, float]
    consent: tuple[str, ...]


@dataclass
class Person:
    """A person in the course of the simulation; times in ms since its start."""

    truth: Truth
    persona: Persona
    taste_sums: tuple[float, ...]
    style_sums: tuple[float, ...]
    devices: tuple[Device, ...]
    locale: str
    first_day: int
    last_day: float
    joins_at_visit: int
    visits: int = 0
    free_at: int = 0
    asked: bool = False
    linked: set[str] = field(default_factory=set)
    """The devices on which they have logged in: their acts there carry the user id."""
    cart: dict[str, Item] = field(default_factory=dict)


def make_people(rng: Random, users: int, days: int, prefix: str) -> list[Person]:
    """As many people as asked for, with ids that start with the prefix."""
    return [_person(rng, days, f"{prefix}{number:0{len(str(users))}d}") for number in range(1, users + 1)]


def _person(rng: Random, days: int, name: str) -> Person:
    persona = rng.choices(list(PERSONAS), [persona.share for persona in PERSONAS.values()])[0]
    anonymous_ids = tuple(f"device-{name}{letter}" for letter in ("ab" if rng.random() < SECOND_DEVICE else "a"))
    fate = rng.random()
    truth = Truth(
        f"user-{name}" if fate < KNOWN + JOINING else None,
        anonymous_ids,
        persona,
        _mixture(rng, CATEGORIES, 0.35),
        _mixture(rng, STYLES, 0.5),
        _draw(rng, CONSENTS),
    )
    first_day = rng.randrange(max(1, days // 2)) if rng.random() < NEWCOMERS else 0
    return Person(
        truth,
        PERSONAS[persona],
        taste_sums=tuple(accumulate(truth.tastes.values())),
        style_sums=tuple(accumulate(truth.styles.values())),
        devices=tuple(_draw(rng, DEVICES) for _ in anonymous_ids),
        locale=rng.choice(LOCALES),
        first_day=first_day,
        last_day=first_day + max(1.0, (days - first_day) * PERSONAS[persona].stays),
        joins_at_visit=rng.randint(2, 4),
        linked=set(anonymous_ids[:1]) if fate < KNOWN else set(),
    )


def _draw(rng: Random, table: Sequence[tuple[T, float]]) -> T:
    return rng.choices([value for value, _ in table], [share for _, share in table])[0]


def _mixture(rng: Random, names: tuple[str, ...], concentration: float) -> dict[str, float]:
    """A draw from a symmetric Dirichlet: the smaller the concentration, the more one-sided."""
    parts = [rng.gammavariate(concentration, 1.0) + 1e-9 for _ in names]
    total = fsum(parts)
    return {name: part / total for name, part in zip(names, parts, strict=True)}
