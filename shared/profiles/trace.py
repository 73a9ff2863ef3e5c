"""Which event moved which number by how much: the fold once more, one event at a time, looked at before and after."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.events.event import Event
from shared.events.kinds import Kind
from shared.profiles import decay
from shared.profiles.cart import cart
from shared.profiles.face import summarise
from shared.profiles.fold import Outcome, Terms, fold
from shared.profiles.profile import Profile, new_profile, to_ms

DIGITS = 6
"""Numbers are told to the millionth."""


class Move(NamedTuple):
    """A number that an event changed: `what` of `key`, which is empty where there is only one of it."""

    what: str
    key: str
    before: float
    after: float
    by: float


class Traced(NamedTuple):
    """An event and all that it moved; one that did not count has moved nothing."""

    event_id: str
    kind: Kind
    occurred_at: datetime
    outcome: Outcome
    moves: list[Move]


Numbers = Mapping[tuple[str, str], float]


def trace(events: Iterable[Event], terms: Terms, half_life: timedelta, now: datetime) -> list[Traced]:
    """The events in order of time, each with what it moved.

    Every number is that of `now`, so an interest moves only by what an event adds to it. A number's moves add up to
    what `read_numbers` says of the profile of all events.
    """
    profile, found, before = new_profile(half_life), list[Traced](), dict[tuple[str, str], float]()
    for event in sorted(events, key=lambda event: (event.occurred_at, event.event_id)):
        [outcome] = fold(profile, [event], terms)
        moves: list[Move] = []
        if outcome == "applied":
            after = dict(read_numbers(profile, terms, now))
            moves = _compare(before, after)
            before = after
        found.append(Traced(event.event_id, event.kind, event.occurred_at, outcome, moves))
    return found


def read_numbers(profile: Profile, terms: Terms, now: datetime) -> Numbers:
    """(what, key) → number: all that can be read of a profile, as of `now`. What is not there is 0."""
    total = summarise(profile, terms.session_cap_ms)
    single = {
        "sessions": total.number,
        "session_s": total.length_ms / 1_000,
        "pages": total.pages,
        "bounces": total.bounces,
        "returns": total.returns,
        "passive_sessions": total.passive,
        "active_sessions": total.active,
        "high_intent_sessions": total.high_intent,
        "dwell_s": profile.dwell_ms / 1_000,
        "crawler": profile.crawler,
    }
    spent = {currency: units / 1_000 for currency, units in profile.revenue.items()}
    several: dict[str, Mapping[str, float]] = {
        "events": profile.counts,
        "engagement": profile.engagement,
        "orders": profile.orders,
        "revenue": spent,
        "cart": cart(profile, now),
        "item": _at(profile.items, profile, now),
        "category": _at(profile.categories, profile, now),
        "brand": _at(profile.brands, profile, now),
        "tag": _at(profile.tags, profile, now),
    }
    return {(what, ""): float(number) for what, number in single.items()} | {
        (what, key): float(number) for what, numbers in several.items() for key, number in numbers.items()
    }


def _at(buckets: decay.Buckets, profile: Profile, now: datetime) -> dict[str, float]:
    factor = decay.factor_at(buckets, to_ms(now), profile.half_life_ms)
    return {key: value * factor for key, value in decay.values(buckets).items()}


def _compare(before: Numbers, after: Numbers) -> list[Move]:
    moves = []
    for name in sorted(before.keys() | after.keys()):
        was, is_now = round(before.get(name, 0.0), DIGITS), round(after.get(name, 0.0), DIGITS)
        if was != is_now:
            moves.append(Move(*name, was, is_now, round(is_now - was, DIGITS)))
    return moves
