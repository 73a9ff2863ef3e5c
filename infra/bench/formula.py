"""What a profile must say, from all of a person's events at once: sorted and summed, without the fold."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from shared.events.event import Event
from shared.events.kinds import Engagement, weigh
from shared.profiles.face import summarise
from shared.profiles.fold import NO_ACTS, Terms
from shared.profiles.profile import Profile, to_ms
from shared.profiles.sessions import RETURN_MS, Sessions


class Totals(NamedTuple):
    """The parts that are exact for everybody, however many events there are. Times in ms since 1970."""

    counts: Mapping[str, int]
    engagement: Mapping[str, int]
    revenue: Mapping[str, int]
    first_ms: int
    last_ms: int
    last_high_intent_ms: int
    sessions: Sessions


class _Act(NamedTuple):
    at_ms: int
    kind: str
    engagement: Engagement


def totals_in(profile: Profile, terms: Terms) -> Totals:
    """What the profile says."""
    times = (profile.first_ms, profile.last_ms, profile.last_high_intent_ms)
    sessions = summarise(profile, terms.session_cap_ms)
    return Totals(profile.counts, profile.engagement, profile.revenue, *times, sessions)


def totals_of(events: Sequence[Event], terms: Terms) -> Totals:
    """What it must say."""
    acts = sorted(_acts(events, terms))
    revenue: Counter[str] = Counter()
    for event in events:
        if event.kind == "purchase" and event.value is not None:
            revenue[event.currency or ""] += round(event.value * 1_000)
    return Totals(
        Counter(event.kind for event in events),
        Counter(act.engagement for act in acts),
        revenue,
        acts[0].at_ms if acts else 0,
        acts[-1].at_ms if acts else 0,
        max((act.at_ms for act in acts if act.engagement == "high_intent"), default=0),
        _sessions(acts, terms),
    )


def _acts(events: Sequence[Event], terms: Terms) -> Iterator[_Act]:
    for e in events:
        _, engagement = weigh(e.kind, e.dwell_s, e.scroll_depth, e.quantity, terms.weights, e.duration_s)
        if engagement != "none":
            yield _Act(to_ms(e.occurred_at), e.kind, engagement)


def _sessions(acts: Sequence[_Act], terms: Terms) -> Sessions:
    """Cut where the gap of silence lies between neighbours, and sum up the pieces."""
    cuts = [place for place, (a, b) in enumerate(pairwise(acts), 1) if b.at_ms - a.at_ms >= terms.session_gap_ms]
    pieces = [acts[begin:end] for begin, end in pairwise([0, *cuts, len(acts)])] if acts else []
    total = Sessions()
    ended_ms = -RETURN_MS
    for piece in pieces:
        total += _session(piece, ended_ms, terms.session_cap_ms)
        ended_ms = piece[-1].at_ms
    return total


def _session(acts: Sequence[_Act], before_ms: int, cap_ms: int) -> Sessions:
    begun_ms, length_ms = acts[0].at_ms, acts[-1].at_ms - acts[0].at_ms
    number = 1 + length_ms // cap_ms
    kinds, classes = Counter(act.kind for act in acts), {act.engagement for act in acts}
    pages = max(kinds["page_view"], kinds["item_view"])
    bounced = pages == 1 and NO_ACTS.issuperset(kinds)
    high = "high_intent" in classes
    active = not high and "active" in classes
    returned = begun_ms - before_ms <= RETURN_MS
    return Sessions(number, length_ms, pages, int(bounced), number * high, number * active, number - 1 + int(returned))
