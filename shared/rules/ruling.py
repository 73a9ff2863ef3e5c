"""What the rules that hold do with candidates: their scores, who may not be shown, and who stands where."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from shared.rules.audience import Audience, holds
from shared.rules.rule import Effect, Items, Rule, RuleSet, listed

BRINGING: tuple[Effect, ...] = ("pin", "boost", "require")
"""These effects want items shown, also such as nothing else proposes."""


class Facts(Protocol):
    """What rules may ask of an item; None or empty where it is not known."""

    @property
    def item_id(self) -> str: ...
    @property
    def category(self) -> str | None: ...
    @property
    def brand(self) -> str | None: ...
    @property
    def tags(self) -> Sequence[str]: ...
    @property
    def price(self) -> float | None: ...
    @property
    def availability(self) -> str | None: ...
    @property
    def published_at(self) -> datetime | None: ...


class Weighed(NamedTuple):
    """What a candidate's score is multiplied by, and the rule that does so most; a name where it may not be shown."""

    factor: float
    rule: str


class Placed(NamedTuple):
    """An item of an answer and the rule that put it there, if one did."""

    item_id: str
    rule: str


class Ruling:
    """The rules that hold for one answer."""

    def __init__(self, rules: Iterable[Rule], now: datetime) -> None:
        self._now = now
        self._by: dict[Effect, list[Rule]] = {}
        for rule in rules:
            self._by.setdefault(rule.effect, []).append(rule)

    def __bool__(self) -> bool:
        return bool(self._by)

    @property
    def moves(self) -> bool:
        """Whether any changes scores or forbids items, so that those far below may come up."""
        return not self._by.keys() <= {"cap"}

    @property
    def places(self) -> bool:
        """Whether any pins or caps."""
        return not self._by.keys().isdisjoint(("pin", "cap"))

    @property
    def names(self) -> list[str]:
        """For the decision log."""
        return sorted(rule.name for some in self._by.values() for rule in some)

    @property
    def bringing(self) -> list[str]:
        """The rules whose pools are candidates."""
        return [rule.name for effect in BRINGING for rule in self._by.get(effect, ())]

    def weigh(self, item: Facts) -> Weighed:
        """Factor 0 and the rule's name for what may not be shown; else the product of boosts and buries."""
        for rule in self._by.get("exclude", ()):
            if matches(rule.items, item, self._now):
                return Weighed(0.0, rule.name)
        for rule in self._by.get("require", ()):
            if not matches(rule.items, item, self._now):
                return Weighed(0.0, rule.name)
        factor, most, name = 1.0, 1.0, ""
        for rule in (*self._by.get("boost", ()), *self._by.get("bury", ())):
            if matches(rule.items, item, self._now):
                own = rule.boost or rule.bury or 1.0
                factor *= own
                if max(own, 1 / own) > most:
                    most, name = max(own, 1 / own), rule.name
        return Weighed(factor, name)

    def place(self, ranked: Sequence[str], items: Mapping[str, Facts]) -> Iterator[Placed]:
        """The items in the order in which they are shown: pinned ones at their places, the others without what is
        beyond a cap. `ranked` is best first; what is not in `items` can neither be pinned nor capped."""
        pinned = self._pin(ranked, items)
        counts: Counter[tuple[str, str]] = Counter()
        for placed in pinned.values():
            counts.update(key for key, _ in self._capped(items[placed.item_id]))
        taken = {placed.item_id for placed in pinned.values()}
        place = 1
        for item_id in ranked:
            while place in pinned:
                yield pinned.pop(place)
                place += 1
            if item_id in taken or not self._fits(items.get(item_id), counts):
                continue
            yield Placed(item_id, "")
            place += 1
        # Too few for the places in between: pinned ones follow closely.
        yield from (pinned[number] for number in sorted(pinned))

    def rooms(self, shown: Iterable[Facts], number: int) -> Callable[[Facts], bool]:
        """Whether so many items like one could stand beside those shown without going beyond a cap."""
        counts = Counter(key for item in shown for key, _ in self._capped(item))
        return lambda item: all(counts[key] + number <= most for key, most in self._capped(item))

    def _pin(self, ranked: Sequence[str], items: Mapping[str, Facts]) -> dict[int, Placed]:
        pinned: dict[int, Placed] = {}
        taken: set[str] = set()
        for rule in self._by.get("pin", ()):
            found = (one for one in ranked if one not in taken and one in items)
            item_id = next((one for one in found if matches(rule.items, items[one], self._now)), None)
            if item_id is None:
                continue
            number = rule.pin or 1
            while number in pinned:
                number += 1
            pinned[number] = Placed(item_id, rule.name)
            taken.add(item_id)
        return pinned

    def _fits(self, item: Facts | None, counts: Counter[tuple[str, str]]) -> bool:
        """Whether no cap is reached; counts it then."""
        keys = list(self._capped(item)) if item is not None else []
        if any(counts[key] >= most for key, most in keys):
            return False
        for key, _ in keys:
            counts[key] += 1
        return True

    def _capped(self, item: Facts) -> Iterator[tuple[tuple[str, str], int]]:
        for rule in self._by.get("cap", ()):
            if matches(rule.items, item, self._now):
                kind = "" if rule.per is None else getattr(item, rule.per)
                if kind is not None:
                    yield (rule.name, kind), rule.cap or 0


def rule_on(rules: RuleSet | None, audience: Audience) -> Ruling:
    """The rules that hold for this audience."""
    found = rules.rules if rules else ()
    return Ruling((rule for rule in found if holds(rule.when, audience)), audience.now)


def matches(wanted: Items, item: Facts, now: datetime) -> bool:
    """Whether the item is one of those that the rule is about."""
    return not mismatch(wanted, item, now)


def mismatch(wanted: Items, item: Facts, now: datetime) -> str:
    """The first fact that keeps the item from being one of these, by its name in `Items`; empty if it is one."""
    for name in ("item_id", "category", "brand", "availability"):
        allowed = getattr(wanted, name)
        if allowed is not None and getattr(item, name) not in listed(allowed):
            return name
    if wanted.tag is not None and set(listed(wanted.tag)).isdisjoint(item.tags):
        return "tag"
    if wanted.newer_than_days is not None:
        since = now - timedelta(days=wanted.newer_than_days)
        if item.published_at is None or item.published_at < since:
            return "newer_than_days"
    if wanted.price is None:
        return ""
    low, high = wanted.price.at_least, wanted.price.at_most
    fits = item.price is not None and (low is None or item.price >= low) and (high is None or item.price <= high)
    return "" if fits else "price"
