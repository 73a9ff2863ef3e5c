"""Scores: one number for each item out of what its sources say."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from shared.models.blend import Context, Shares, Source
from shared.profiles.cart import cart
from shared.profiles.profile import Profile, to_ms
from shared.ranking.candidates import Ranked, Scores
from shared.ranking.explore import Exploration, explore

NONE: Scores = {}


class Scored(NamedTuple):
    """An item with its blended score in (0, 1] and the source that says most for it."""

    item_id: str
    score: float
    source: Source


def context_of(profile: Profile, now: datetime, gap_ms: int) -> Context:
    """What the person is about, as the profile tells it."""
    recent = profile.recent
    if not recent or to_ms(now) - recent[-1].at_ms >= gap_ms:
        return "home"
    if cart(profile, now):
        return "cart"
    return "visit" if any(act.item_id != recent[-1].item_id for act in recent) else "first"


def blend(
    candidates: Mapping[Source, Ranked],
    scores: Mapping[Source, Scores],
    shares: Shares,
    factors: Scores = NONE,
    exploration: Exploration | None = None,
) -> Iterator[Scored]:
    """The candidates, best first, ties by item: the sum over sources of share · score / that source's best candidate's,
    times the item's factor, at most 1.

    An item counts with what every source says of it, whichever has proposed it. One may be moved up by `explore`.
    """
    shared = {source: shares.get(source, 0.0) / ranked[0][1] for source, ranked in candidates.items() if ranked}
    totals = dict.fromkeys((item_id for ranked in candidates.values() for item_id, _ in ranked), 0.0)
    for source, share in shared.items():
        said = scores[source]
        if len(said) < len(totals):
            for item_id, score in said.items():
                if item_id in totals:
                    totals[item_id] += share * score
        else:
            get = said.get
            for item_id in totals:
                totals[item_id] += share * get(item_id, 0.0)
    for item_id in totals.keys() & factors.keys() if factors else ():
        totals[item_id] *= factors[item_id]

    def leading(item_id: str) -> Source:
        return max(shared, key=lambda source: shared[source] * scores[source].get(item_id, 0.0))

    ranked = [(item_id, -total) for total, item_id in sorted([(-total, item_id) for item_id, total in totals.items()])]
    if exploration:
        ranked = explore(ranked, candidates.get("content", ()), exploration)
    return (Scored(item_id, min(round(total, 6), 1.0), leading(item_id)) for item_id, total in ranked)
