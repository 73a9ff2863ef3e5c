"""Items that an instance remembers when an answer needs them, where the catalogue is larger than its memory."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random

from infra.bench import stored
from infra.bench.catalogue import spread_catalogue
from infra.bench.figures import Grid, Result, Value
from infra.bench.people import make_people, spread
from infra.bench.promises import Promise
from infra.bench.session import FILLING_MS, Session
from shared import wiring
from shared.events.event import person_key
from shared.models.catalogue import Catalogue
from shared.models.items import Item
from shared.models.personas import PersonaModel
from shared.models.popularity import PopularityModel
from shared.models.registry import Registry
from shared.profiles.fold import Terms
from shared.ranking.recommend import Recommender
from shared.ranking.request import Wish
from shared.settings import Settings

VARIANTS, COPIES = 208, 10
"""Of each item; and of each of the 200 people, each with other items."""

WARM, REQUESTS = 2_000, 2_000
RATES = (10, 100)
N = 10
HITS = 0.9
YEAR = timedelta(days=365)
COLUMNS = ("requests/s", "read again after", "requests", "profiles each", "items each", "of these read", "hits")


class Clock:
    """Time that goes by with the requests, not with the machine."""

    def __init__(self) -> None:
        self._now = wiring.clock()

    def __call__(self) -> datetime:
        return self._now

    def pass_by(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class Counted(Catalogue):
    """Counts the items that are asked for."""

    asked = read = 0

    def fresh(self, item_ids: Iterable[str]) -> dict[str, Item] | None:
        """Each answer asks for all of its items here first."""
        wanted = list(item_ids)
        self.asked += len(wanted)
        return super().fresh(wanted)

    async def get(self, item_ids: Iterable[str]) -> dict[str, Item]:
        """And here, if not all of them are remembered: these are read."""
        before = self._documents.counts["reads"]
        found = await super().get(item_ids)
        self.read += self._documents.counts["reads"] - before
        return found


def bench(session: Session) -> Result:
    """Counts, which no other load on the machine changes."""
    settings = Settings(backend="embedded", data=str(session.scratch("cache")), recommend_deadline_ms=FILLING_MS)
    session.steps.begin("cache: people and items", COPIES + 1)
    persons, size = asyncio.run(_fill(session, settings))
    terms = make_people().terms
    cases = [(rate, settings.item_refresh_s) for rate in RATES] + [(RATES[-1], YEAR.total_seconds())]
    session.steps.begin("cache", len(cases))
    rows = []
    for rate, refresh_s in cases:
        rows.append(asyncio.run(_measure(settings, persons, terms, rate, refresh_s)))
        session.steps.step()
    profiles, hits = max(_number(row[3]) for row in rows), _number(rows[len(RATES) - 1][-1])
    promises = [
        Promise("documents read for an answer besides items", "≤", 1, profiles),
        Promise(f"items found in memory at {RATES[-1]} requests/s", "≥", HITS, hits),
    ]
    notes = [
        f"{size:,} items, of which an instance remembers {settings.item_cache:,}; {len(persons):,} people.",
        "Who asks follows Zipf's law (exponent 1); so does what they have met: its most popular fifth is 87 % of it.",
        f"Each row: a new instance, {WARM:,} requests, then those counted, evenly by a clock of the benchmark's own.",
        f"An item is read again after {settings.item_refresh_s:g} s, for its facts may have changed; last row: never.",
        "Profiles each: documents read that are no items.",
    ]
    return Result([Grid("items in memory", COLUMNS, rows)], notes, [], promises)


async def _fill(session: Session, settings: Settings) -> tuple[list[str], int]:
    """Write everything; gives the people, and how many items there are."""
    documents, base = wiring.documents(settings), make_people()
    models = spread_catalogue(spread(base, VARIANTS), VARIANTS)
    await stored.publish(documents, models)
    session.steps.step()
    persons: list[str] = []
    for copy in range(COPIES):
        profiles = spread(base._replace(everybody=()), VARIANTS, copy).profiles
        copied = {person_key(f"{user}~{copy}", None): profile for user, profile in profiles.items()}
        await stored.write_faces(documents, copied, base.terms)
        persons += copied
        session.steps.step()
    await wiring.close_all()
    return persons, len(models.categories)


async def _measure(settings: Settings, persons: list[str], terms: Terms, rate: int, refresh_s: float) -> list[Value]:
    """A new instance."""
    documents, clock, rng = wiring.documents(settings), Clock(), Random(7)
    registry = Registry(documents, YEAR, clock, personas=PersonaModel, popularity=PopularityModel)
    catalogue = Counted(documents, settings.item_cache, timedelta(seconds=refresh_s), clock)
    recommender = Recommender(documents, registry, catalogue, terms, settings, clock)
    odds = list(accumulate(1 / place for place, _ in enumerate(persons, 1)))
    asking = rng.choices(rng.sample(persons, len(persons)), cum_weights=odds, k=WARM + REQUESTS)
    asked = read = before = 0
    for number, person in enumerate(asking):
        if number == WARM:
            asked, read, before = catalogue.asked, catalogue.read, documents.counts["reads"]
        await recommender.answer(person, Wish(n=N))
        clock.pass_by(1 / rate)
    asked, read, reads = catalogue.asked - asked, catalogue.read - read, documents.counts["reads"] - before
    await wiring.close_all()
    each = [(reads - read) / REQUESTS, asked / REQUESTS, read / REQUESTS]
    again = "never" if refresh_s == YEAR.total_seconds() else f"{refresh_s:g} s"
    return [rate, again, REQUESTS, *each, 1 - read / asked]


def _number(value: Value) -> float:
    return value if isinstance(value, float) else float("nan")
