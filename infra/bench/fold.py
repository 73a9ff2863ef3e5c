"""The arithmetic: microseconds to parse, fold, encode and decode, for a usual profile and for one at its bounds."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from infra.bench.figures import Grid, Result, Value, median
from infra.bench.people import People, make_people
from infra.bench.session import Session
from shared.events.event import Event, encode_event
from shared.events.kinds import Kind
from shared.events.parse import parse_batch, parse_event
from shared.profiles.face import face, features
from shared.profiles.fold import Terms, fold
from shared.profiles.profile import CAPS, Profile, decode_profile, encode_profile, new_profile
from shared.ranking.candidates import anchors
from shared.settings import Settings

T = TypeVar("T")

BATCH = 20
CALLS = 300
"""Calls in a round; a round counts with its median call."""

SETTINGS = Settings()
DAY_ITEMS = 50


def bench(session: Session) -> Result:
    """Medians over calls."""
    session.steps.begin("fold")
    people = make_people()
    user = next(iter(people.events))
    usual, full = people.profiles[user], full_profile(people.terms)
    event = _event(10_000_000, datetime.now(UTC))
    columns = [_measure(session, profile, event, people) for profile in (usual, full)]
    rows: list[list[Value]] = [[name, *(column[name] for column in columns)] for name in columns[0]]
    titles = ("", "usual profile", "at its bounds")
    batch = _batch(people.events[user][:BATCH])
    parse: list[list[Value]] = [
        [f"parse_batch, {BATCH} events, for each", _time(session, lambda: batch, _parse) / BATCH],
        ["parse_event", _time(session, lambda: encode_event(event), _parse_one)],
    ]
    note = f"A usual profile is {user}'s; the other has {CAPS['ring']} events in its ring and is full in every part."
    return Result([Grid("parse, µs", ("", "µs"), parse), Grid("profile, µs", titles, rows)], [note])


def full_profile(terms: Terms) -> Profile:
    """A profile that has more of everything than it may keep."""
    begin = datetime.now(UTC) - timedelta(days=90)
    profile = new_profile(SETTINGS.half_life)
    for number in range(CAPS["ring"] * 2):
        at = begin + number * timedelta(hours=2)
        fold(profile, [_event(number, at), _exit(number, at)], terms)
    return profile


def _event(number: int, at: datetime) -> Event:
    items = tuple(f"item-{number * 7 + place:06d}" for place in range(7))
    category = f"category-{number % 80}"
    kind: Kind = "purchase" if number % 3 == 0 else "item_view"
    return Event(
        event_id=f"full-{number}", kind=kind, occurred_at=at, user_id="full", item_ids=items, category=category
    )


def _exit(number: int, at: datetime) -> Event:
    """Somebody opens one item, of a brand and with tags, a second time, and leaves at once or puts it into the cart."""
    kind: Kind = "item_view" if number % 2 else "add_to_cart"
    said = {"brand": f"brand-{number % 60}", "tags": [f"tag-{(number + place) % 90}" for place in range(3)]}
    return Event(
        event_id=f"exit-{number}",
        kind=kind,
        occurred_at=at,
        user_id="full",
        item_ids=(f"item-{number // 20:06d}",),
        dwell_s=2.0,
        properties=said,
    )


def _measure(session: Session, profile: Profile, event: Event, people: People) -> dict[str, Value]:
    state, terms = encode_profile(profile), people.terms
    now = datetime.now(UTC)
    operations: dict[str, Callable[[Profile], object]] = {
        "fold one event": lambda fresh: fold(fresh, [event], terms),
        "encode": encode_profile,
        "face": lambda fresh: face(fresh, "browser", terms.session_cap_ms),
        "features": lambda fresh: features(fresh, now, terms.session_cap_ms),
        "anchors (recommend)": anchors,
        "excluded (recommend)": lambda fresh: fresh.excluded,
    }
    found: dict[str, Value] = {"decode": _time(session, lambda: state, decode_profile)}
    for name, operation in operations.items():
        found[name] = _time(session, lambda: decode_profile(state), operation)
    return {**found, "bytes": len(state)}


def _time(session: Session, make: Callable[[], T], call: Callable[[T], object]) -> float:
    """Microseconds of one call on a fresh argument."""
    rounds: list[float | None] = []
    for _ in range(session.repeats):
        calls: list[float | None] = []
        for _ in range(CALLS):
            argument = make()
            begun = time.perf_counter_ns()
            call(argument)
            calls.append((time.perf_counter_ns() - begun) / 1_000)
        rounds.append(median(calls))
    return median(rounds) or 0.0


def _batch(events: Sequence[Event]) -> bytes:
    return b"[" + b",".join(map(encode_event, events)) + b"]"


def _parse(body: bytes) -> object:
    return parse_batch(body, datetime.now(UTC), SETTINGS)


def _parse_one(raw: bytes) -> object:
    return parse_event(raw, datetime.now(UTC), SETTINGS)
