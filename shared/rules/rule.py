"""A rule as it is written down: when it holds, which items it is about, and what it does with them."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Texts = Text | Annotated[list[Text], Meta(min_length=1, max_length=1_000)]
"""One of these; a single one needs no brackets."""

Context = Literal["home", "item", "cart", "search", "email"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Effect = Literal["pin", "boost", "bury", "require", "exclude", "cap"]
EFFECTS: tuple[Effect, ...] = ("pin", "boost", "bury", "require", "exclude", "cap")


class Rigid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is misspelt is refused, not passed over."""


class Span(Rigid, frozen=True):
    """A range of numbers, its ends included."""

    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if self.at_least is None and self.at_most is None:
            raise ValueError("Expected `at_least`, `at_most` or both")


class Question(Rigid, frozen=True):
    """A question about one field of a profile's readable face; all that is given must hold.

    Of a time, `at_least` and `at_most` are about the days since then. What is not known answers none.
    """

    at_least: float | None = None
    at_most: float | None = None
    equals: str | float | bool | None = None
    one_of: list[str | float] | None = None
    contains: Text | None = None

    def __post_init__(self) -> None:
        if all(getattr(self, name) is None for name in self.__struct_fields__):
            raise ValueError(f"Expected one of {', '.join(self.__struct_fields__)}")


class When(Rigid, frozen=True):
    """For whom, where and when. All that is given must hold; without anything it is for everybody, always.

    Attributes:
        propensity: by name, the probability.
        tag: the person is among those who like one of these tags.
        profile: by field of the readable face.
        hours: "08:00-18:30", in the time zone; past midnight if the end is before the beginning.
    """

    persona: Texts | None = None
    propensity: dict[str, Span] = {}
    tag: Texts | None = None
    profile: dict[str, Question] = {}
    context: Context | list[Context] | None = None
    since: Annotated[datetime, Meta(tz=True)] | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None
    hours: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d\Z")] | None = None
    weekdays: Weekday | list[Weekday] | None = None
    timezone: Text = "UTC"

    @property
    def day(self) -> tuple[time, time] | None:
        """The two ends of `hours`."""
        if self.hours is None:
            return None
        first, _, last = self.hours.partition("-")
        return time.fromisoformat(first), time.fromisoformat(last)


class Items(Rigid, frozen=True):
    """Which items. All that is given must hold; what is not known of an item does not.

    Attributes:
        newer_than_days: since it came out (`published_at`).
    """

    item_id: Texts | None = None
    category: Texts | None = None
    brand: Texts | None = None
    tag: Texts | None = None
    price: Span | None = None
    availability: Texts | None = None
    newer_than_days: Annotated[float, Meta(gt=0)] | None = None


class Rule(Rigid, frozen=True):
    """One rule with one effect.

    Attributes:
        pin: the best of the items is put at this place, counted from 1.
        boost, bury: the items' scores times this.
        require: only these items are shown.
        exclude: these items are not shown.
        cap: at most so many of the items, or with `per` of each category or brand among them.
    """

    name: Text
    note: str = ""
    when: When = When()
    items: Items = Items()
    pin: Annotated[int, Meta(ge=1, le=100)] | None = None
    boost: Annotated[float, Meta(gt=1, le=1_000)] | None = None
    bury: Annotated[float, Meta(gt=0, lt=1)] | None = None
    require: Literal[True] | None = None
    exclude: Literal[True] | None = None
    cap: Annotated[int, Meta(ge=0, le=100)] | None = None
    per: Literal["category", "brand"] | None = None

    def __post_init__(self) -> None:
        given = [name for name in EFFECTS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"Expected exactly one of {', '.join(EFFECTS)}, found {', '.join(given) or 'none'}")
        if self.per is not None and self.cap is None:
            raise ValueError("Expected `per` only with `cap`")
        if self.items == Items() and self.per is None:
            raise ValueError("Expected `items`: a rule about all items has no effect")

    @property
    def effect(self) -> Effect:
        return next(name for name in EFFECTS if getattr(self, name) is not None)


class RuleSet(msgspec.Struct, frozen=True):
    """All rules, the first ones first.

    Attributes:
        pools: by rule that brings items in (pin, boost, require), the most popular of these, so that they can be shown
            though nothing else proposes them.
    """

    version: str
    rules: Annotated[list[Rule], Meta(max_length=500)] = []
    pools: dict[str, list[str]] = {}


def listed(texts: str | Sequence[str] | None) -> Sequence[str]:
    """As a list, also what was given without brackets."""
    return () if texts is None else [texts] if isinstance(texts, str) else texts
