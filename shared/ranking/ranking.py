"""Candidates in one order: of each source's best, then, for whoever has not got enough by then, of all the rest."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from shared.models.blend import Shares, Source
from shared.profiles.memory import item_number
from shared.ranking.candidates import Scores
from shared.ranking.propose import Proposed, candidates
from shared.ranking.score import Blended, blend

LEAST = 0.01
"""The score of what a rule brings where there is nothing else."""


class Ranking:
    """Candidates, best first; last what only rules bring in."""

    def __init__(
        self,
        proposed: Proposed,
        shares: Shares,
        factors: Scores,
        forbidden: AbstractSet[int],
        most: int,
        brought: Sequence[str],
    ) -> None:
        """Of each source so many at `most`, none of whose number is forbidden; `brought` are the items of rules."""
        self._heard = {source: scores for source, scores in proposed.scores.items() if scores and shares.get(source)}
        self._proposed, self._shares, self._factors, self._forbidden = proposed, shares, factors, forbidden
        self._brought = brought
        self._only_ruled: AbstractSet[str] = frozenset()
        self._blended = self._blend(most)
        self._is_whole = False
        self.best = self._blended.ranked
        if brought:
            self.extend()

    def reach(self, number: int) -> int:
        """How many there are, all of them if that is less than the number."""
        if number > len(self.best):
            self.extend()
        return len(self.best)

    def extend(self) -> None:
        """Have all in the list."""
        if self._is_whole:
            return
        self._is_whole = True
        self._blended = self._blend(None)
        passed = {item_id for item_id, _ in self.best}
        self.best = [*self.best, *(pair for pair in self._blended.ranked if pair[0] not in passed)]
        passed.update(item_id for item_id, _ in self.best)
        self._only_ruled = frozenset(
            item_id
            for item_id in self._brought
            if item_id not in passed and item_number(item_id) not in self._forbidden
        )
        least = self.best[-1][1] if self.best else LEAST
        self.best += [(item_id, least) for item_id in sorted(self._only_ruled)]

    def sources(self, item_ids: Sequence[str]) -> dict[str, Source]:
        """Who says most for each of the items; where nobody does, a rule or chance has brought it."""
        leaders = self._blended.leaders(item_ids)
        return {one: "rule" if one in self._only_ruled else leaders.get(one, "exploration") for one in item_ids}

    def _blend(self, most: int | None) -> Blended:
        found = candidates(self._heard, self._proposed.ready, self._forbidden, most)
        return blend(found, self._heard, self._shares, self._factors)
