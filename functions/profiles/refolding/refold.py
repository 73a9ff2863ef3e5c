"""The refold: profiles made anew from the log and swapped in while events keep arriving (infra/decisions/0024)."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from refolding import family, log, marks
from refolding.results import LogLacksError, OutdatedError, Refolded
from refolding.swap import Swap
from refolding.together import together
from shared.errors import RetryableError
from shared.events.event import Event, person_key
from shared.profiles.record import COLLECTION, unpack
from shared.profiles.standing import Standing
from shared.settings import Settings
from shared.stores.ports import Documents, Warehouse

LOOKS_S = (0.0, 1.0, 3.0, 8.0)
"""The log is asked so often, with these pauses before: what was folded just now may still be on its way there."""

RESTARTS = 5

People = frozenset[str]
Result = Refolded | RetryableError | OutdatedError


class Refolder:
    """Refolds families. Safe beside every writer of profiles, and beside another Refolder."""

    def __init__(
        self,
        documents: Documents,
        warehouse: Callable[[], Warehouse],
        settings: Settings,
        clock: Callable[[], datetime],
        looks_s: Sequence[float] = LOOKS_S,
    ) -> None:
        self._documents = documents
        self._warehouse = warehouse
        self._settings = settings
        self._clock = clock
        self._looks_s = looks_s

    async def refold(self, people: Iterable[str], force: bool = False) -> Refolded:
        """Make the profiles of these people, and of whoever shares events with them, what the log says they are.

        All are swapped in by one write. With `force` also if the log lacks events that the profiles count.
        Raises RetryableError; LogLacksError is one.
        """
        asked = set(people)
        for _ in range(RESTARTS):
            [result] = await self.refold_families([await self.find_family(asked)], force)
            if isinstance(result, Refolded):
                return result
            if isinstance(result, RetryableError):
                raise result
            asked |= result.people
        raise RetryableError(f"a family has changed {RESTARTS} times while being refolded")

    async def refold_families(self, families: Sequence[People], force: bool = False) -> list[Result]:
        """What became of each of these families, which have nobody in common; the log is read for all at once."""
        marked = await marks.mark(self._documents, frozenset[str]().union(*families), self._settings)
        swaps = {people: Swap(self._documents, people, marked, self._settings, self._clock) for people in families}
        results: dict[People, Result] = {}
        for pause_s in self._looks_s:
            await asyncio.sleep(pause_s)
            waiting = [people for people in families if not _is_settled(results.get(people))]
            logged = family.divide(await self.read_log(frozenset[str]().union(*waiting)), waiting)

            async def try_one(people: People, logged: dict[People, list[Event]] = logged) -> Result:
                return await _try(swaps[people], logged[people], force)

            results |= dict(zip(waiting, await together(try_one, waiting), strict=True))
            if all(map(_is_settled, results.values())):
                break
        # A journal without end would burden every event of these people; the next try begins another.
        unswapped = {
            person for people, result in results.items() if not isinstance(result, Refolded) for person in people
        }
        await marks.unmark(self._documents, {p: marked[p] for p in unswapped if p in marked}, self._settings)
        return [results[people] for people in families]

    async def find_family(self, asked: Iterable[str]) -> People:
        """These people and whoever must be folded with them."""
        return frozenset((await self.find_all(asked, asked))[0])

    async def find_all(self, people: Iterable[str], asked: Iterable[str] = ()) -> tuple[set[str], family.Devices]:
        """These people and whoever must be folded with them, and the devices that link them; see `family.widen`."""
        found: set[str] = set()
        wider, devices = set(people), dict[str, Standing]()
        while wider != found:
            found = wider
            claims = await asyncio.to_thread(log.read_claims, self._warehouse(), found)
            named = {*found, *(person_key(None, claim.anonymous_id) for claim in claims)}
            standings = await self.read_standings(named)
            devices = family.read_devices(claims, standings)
            merged = {
                person_key(None, name) for person in found & standings.keys() for name in standings[person].merged
            }
            wider = family.widen(asked, found | merged, claims, devices)
        return found, devices

    async def read_standings(self, people: Iterable[str]) -> dict[str, Standing]:
        """Of those of them who have a document."""
        found = await self._documents.get_many(COLLECTION, sorted(set(people)))
        return {person: unpack(document, self._settings).standing for person, document in found.items()}

    async def read_log(self, people: Iterable[str]) -> list[Event]:
        """Every event that names one of these people."""
        return await asyncio.to_thread(log.read_events, self._warehouse(), people, self._clock(), self._settings)


async def _try(swap: Swap, events: Sequence[Event], force: bool) -> Result:
    try:
        lacking = await swap.count_lacking(events)
        if lacking and not force:
            return LogLacksError(lacking)
        return (await swap.swap_in(events))._replace(lacking=lacking)
    except (RetryableError, OutdatedError) as error:
        return error


def _is_settled(result: Result | None) -> bool:
    return result is not None and not isinstance(result, LogLacksError)
