"""Bots, told by what they do: points for each signal in a profile, quarantine from three points on. Pure.

No signal has three points, so none suffices alone: not the agent that a client claims, nor a fast hand, nor a site
that measures no dwell. O. Duskin and D. Feitelson, "Distinguishing Humans from Bots in Web Search Logs", combine
criteria in this way, those that are odd with those that are out of a person's reach. The figures: decision 0026.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache, lru_cache
from typing import NamedTuple

from shared.profiles import rhythm, sessions
from shared.profiles.profile import Profile, to_ms
from shared.profiles.standing import Quarantine

THRESHOLD = 3
LEAST_EVENTS = 20
"""Of so little nothing is said."""

VIEWS = ("page_view", "item_view")
UNFOCUSED = frozenset((*VIEWS, "impression", "identify", "alias", "consent", "custom"))
"""Kinds that a page or a server sends by itself."""

UNFOCUSED_VIEWS = 30
CRAWLER_SHARE = 0.5
BOUNCES = 20
SPARE_DWELL_MS = 3_600_000
"""Per session: a visit of one event has no length, though its dwell was real."""

TABS = 2
"""Dwell may exceed the sessions' length so many times: a person may have two devices at hand."""

NO_CAP_MS = 2**62
"""Length and bounces of sessions do not depend on the setting that cuts long ones."""

CHUNK = 25


class Signal(NamedTuple):
    """What speaks for a bot, and how much."""

    points: int
    found: str


def judge(profile: Profile, now: datetime) -> Quarantine | None:
    """The quarantine that the profile gives reason for, if any. A function of the profile's events, not their order."""
    events = sum(profile.counts.values())
    if events < LEAST_EVENTS:
        return None
    signals = [*_manners(profile)]
    if signals or rhythm.is_dense(profile.ring):
        signals += _pace(profile, events)
    score = sum(signal.points for signal in signals)
    if score < THRESHOLD:
        return None
    return Quarantine(to_ms(now), score, [signal.found for signal in signals], by="score")


def _manners(profile: Profile) -> Iterator[Signal]:
    """What sums tell: cheap enough to look at with every event."""
    views = sum(profile.counts.get(kind, 0) for kind in VIEWS)
    if views >= UNFOCUSED_VIEWS and not profile.dwell_ms and profile.counts.keys() <= UNFOCUSED:
        yield Signal(1, f"focus: {views} views, and no other act")
    acts = sum(profile.engagement.values())
    if profile.crawler and profile.crawler >= CRAWLER_SHARE * acts:
        yield Signal(2, f"crawler: the agent of {profile.crawler} of {acts} acts")
    visits = profile.closed.number + len(profile.spans)
    spare_ms = SPARE_DWELL_MS * visits
    if profile.dwell_ms > spare_ms:
        length_ms = _sum(profile).length_ms
        if profile.dwell_ms > spare_ms + TABS * length_ms:
            yield Signal(2, f"dwell: {profile.dwell_ms // 1_000} s told in sessions of {length_ms // 1_000} s")
    if visits >= BOUNCES and visits <= views <= 2 * visits and _sum(profile).bounces == visits:
        yield Signal(1, f"bounces: all {visits} sessions")


def _sum(profile: Profile) -> sessions.Sessions:
    return profile.closed + sessions.summarise(profile.spans, NO_CAP_MS)


def _pace(profile: Profile, events: int) -> Iterator[Signal]:
    """What the times of the newest 512 events tell."""
    times = rhythm.read_times(profile.ring)
    if rate := rhythm.rate(times):
        yield Signal(2 if rate.strong else 1, f"rate: {rate.events} events within {rate.width_ms // 1_000} s")
    # Heartbeats of a player or a page are regular, and a person's: only somebody who mostly opens pages is a clock.
    views = sum(profile.counts.get(kind, 0) for kind in VIEWS)
    if 2 * views >= events and (spread := rhythm.regularity(times)) is not None:
        yield Signal(2, f"regularity: pauses spread by {spread:.0%} of their median")


@lru_cache(maxsize=4_096)  # a new agent costs about 0.2 ms
def is_crawler(user_agent: str) -> bool:
    """Whether the user agent names a crawler or a browser without a screen.

    Libraries that merely speak HTTP do not count: apps and servers forward people's events with them.
    """
    return any(pattern.search(user_agent) for pattern in _patterns())


@cache
def _patterns() -> list[re.Pattern[str]]:
    # Here, not above: recommend loads this module with the fold's, but folds nothing and does without the list.
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA as LISTED

    crawlers = [one["pattern"] for one in LISTED if "http-library" not in one.get("tags", ())]
    # In pieces, as the library does it: five times as fast as one long alternation.
    return [re.compile("|".join(crawlers[start : start + CHUNK])) for start in range(0, len(crawlers), CHUNK)]
