"""Scores: one number for each item out of what its sources say."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from shared.ranking.candidates import Candidate, Source

SHARES: Mapping[Source, float] = {"neighbours": 0.6, "category": 0.25, "popularity": 0.15}
"""How much each source has to say; it is the source's own best candidate that gets the whole share."""


class Scored(NamedTuple):
    """An item with its blended score in (0, 1] and the candidate that says most for it."""

    item_id: str
    score: float
    best: Candidate


def blend(*sources: Iterable[Candidate]) -> list[Scored]:
    """All candidates, best first, ties by item: the sum over sources of share · score / that source's best score."""
    candidates = list(chain.from_iterable(sources))
    most: dict[Source, float] = {}
    for candidate in candidates:
        most[candidate.source] = max(most.get(candidate.source, 0.0), candidate.score)
    parts: dict[str, dict[Source, tuple[float, Candidate]]] = {}
    for candidate in candidates:
        part = SHARES[candidate.source] * candidate.score / most[candidate.source]
        item = parts.setdefault(candidate.item_id, {})
        if part > item.get(candidate.source, (0.0, candidate))[0]:
            item[candidate.source] = (part, candidate)
    scored = [_sum(item_id, list(item.values())) for item_id, item in parts.items() if item]
    return sorted(scored, key=lambda item: (-item.score, item.item_id))


def _sum(item_id: str, parts: list[tuple[float, Candidate]]) -> Scored:
    best = max(parts, key=lambda part: part[0])[1]
    return Scored(item_id, round(sum(part for part, _ in parts), 6), best)
