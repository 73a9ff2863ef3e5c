"""Scores: one number for each item out of what its sources say."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain, repeat
from operator import itemgetter
from typing import NamedTuple

from shared.models.blend import Context, Shares, Source
from shared.profiles.cart import cart
from shared.profiles.profile import Profile, to_ms
from shared.ranking.candidates import NOTHING, Ranked, Scores
from shared.ranking.request import PLAIN, Wish


def context_of(profile: Profile, now: datetime, gap_ms: int, wish: Wish = PLAIN) -> Context:
    """What the person is about, as the request tells it, or else the profile."""
    if wish.context in ("cart", "email"):
        return "cart" if wish.context == "cart" else "home"
    recent = profile.recent
    if wish.item_ids:
        return "visit" if any(act.item_id not in wish.item_ids for act in recent) else "first"
    if not recent or to_ms(now) - recent[-1].at_ms >= gap_ms:
        return "home"
    if cart(profile, now):
        return "cart"
    return "visit" if any(act.item_id != recent[-1].item_id for act in recent) else "first"


class Blended(NamedTuple):
    """Candidates with their scores, best first, and what makes them up: share by source, relative to its best."""

    ranked: list[tuple[str, float]]
    shared: Mapping[Source, float]
    scores: Mapping[Source, Scores]

    def leaders(self, item_ids: Sequence[str]) -> dict[str, Source]:
        """The source that says most for each of the items of which any says something; one pass over each source."""
        found: dict[str, Source] = {}
        most = dict.fromkeys(item_ids, 0.0)
        for source, share in self.shared.items():
            for item_id, score in zip(item_ids, map(self.scores[source].get, item_ids, repeat(0.0)), strict=True):
                if share * score > most[item_id]:
                    found[item_id], most[item_id] = source, share * score
        return found


def blend(
    candidates: Mapping[Source, Ranked],
    scores: Mapping[Source, Scores],
    shares: Shares,
    factors: Scores = NOTHING,
) -> Blended:
    """The candidates, best first, ties as they were proposed: the sum over sources of share · score / that source's
    best candidate's, times the item's factor, at most 1.

    An item counts with what every source says of it, whichever has proposed it.
    """
    best = {source: scores[source][ranked[0]] for source, ranked in candidates.items() if ranked}
    shared = {source: shares.get(source, 0.0) / most for source, most in best.items()}
    totals = dict.fromkeys(chain.from_iterable(candidates.values()), 0.0)
    for source, share in shared.items():
        said = scores[source]
        for item_id in totals.keys() & said.keys():
            totals[item_id] += share * said[item_id]
    for item_id in totals.keys() & factors.keys():
        totals[item_id] *= factors[item_id]
    return Blended(sorted(totals.items(), key=itemgetter(1), reverse=True), shared, scores)
