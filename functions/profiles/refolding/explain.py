"""Which event moved which number by how much, and whether the log's sums are those of the profile that serves."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from refolding.attribution import counts, read_claims
from refolding.parts import Parts
from refolding.show import Found, find, ids, reason, stranger
from refolding.swap import ring_marks
from shared import http, wiring
from shared.events.event import Event
from shared.profiles import identity
from shared.profiles.memory import event_mark
from shared.profiles.trace import DIGITS, Move, Traced, read_numbers, trace


class Page(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of an explanation is asked for."""

    n: Annotated[int, Meta(ge=1, le=500)] = 20
    after: Annotated[str, Meta(max_length=128)] = ""
    """The event that the page before ended with."""

    key: Annotated[str, Meta(max_length=256)] = ""
    """Only moves of this item, category, … or of this kind of number."""


async def explain(parts: Parts, person: str, page: Page) -> http.Reply:
    """The newest events first, each with its moves; and the sums of all of them, beside the live ones."""
    found = await find(parts, person)
    if found.is_stranger:
        return stranger()
    if found.record.profile.consent.is_withdrawn:
        return http.error_reply(403, "the person has withdrawn their consent: nothing of what they did is shown")
    events = await _read_events(parts, found)
    terms, now = parts.terms, wiring.clock()
    profile, standing, _ = found.record
    traced = trace(events, terms, timedelta(milliseconds=profile.half_life_ms), now)
    live = {name: round(number, DIGITS) for name, number in read_numbers(profile, terms, now).items()}
    sums = list(_sums(traced, live, page.key))
    chosen, following = _cut(list(_chosen(traced, page.key)), page)
    known = {event_mark(event.event_id) for event in events}
    return http.json_reply(
        200,
        {
            **ids(found.person),
            "quarantine": reason(standing.quarantine),
            "events": len(traced),
            "lacking": len(ring_marks(profile.ring) - known),
            "agrees": all(one["log"] == one["live"] for one in sums),
            "moved_by": chosen,
            "next": following,
            "sums": sums,
        },
    )


async def _read_events(parts: Parts, found: Found) -> list[Event]:
    """What counts for this person, as a refold would find it."""
    refolder = parts.refolder
    members = await refolder.find_family([found.person])
    events = await refolder.read_log(members)
    standings = await refolder.read_standings(members) | {found.person: found.record.standing}
    devices = read_claims(events, standings, parts.terms)
    theirs = identity.attribute(events, devices).get(found.person, [])
    first = {event.event_id: event for event in reversed(theirs) if counts(event, found.person, standings)}
    return list(first.values())


def _chosen(traced: Sequence[Traced], key: str) -> Iterator[dict[str, Any]]:
    for event in reversed(traced):
        moves = [move for move in event.moves if _is_about(move, key)]
        if moves or not key:
            yield {**event._asdict(), "moves": [move._asdict() for move in moves]}


def _cut(chosen: Sequence[dict[str, Any]], page: Page) -> tuple[Sequence[dict[str, Any]], str | None]:
    """The page, and where the next one begins."""
    places = [place for place, event in enumerate(chosen, 1) if event["event_id"] == page.after]
    start = places[0] if places else 0
    cut = chosen[start : start + page.n]
    return cut, cut[-1]["event_id"] if start + page.n < len(chosen) else None


def _sums(traced: Iterable[Traced], live: dict[tuple[str, str], float], key: str) -> Iterator[dict[str, Any]]:
    """Every number as the moves add up to it, and as it is served."""
    logged = {(move.what, move.key): move.after for event in traced for move in event.moves}
    for name in sorted(logged.keys() | live.keys()):
        told = {"what": name[0], "key": name[1], "log": logged.get(name, 0.0), "live": live.get(name, 0.0)}
        if (told["log"] or told["live"]) and (not key or key in name):
            yield told


def _is_about(move: Move, key: str) -> bool:
    return not key or key in (move.what, move.key)
