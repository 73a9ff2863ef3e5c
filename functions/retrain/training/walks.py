"""Going with people through their later visits: before each step what the sources say, and then where they went.

Nothing of a moment's sources or profile is younger than the moment; the sources are those of the visits before."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from shared.events.event import Event
from shared.models.blend import SOURCES, Context
from shared.models.items import Item
from shared.models.personas import PersonaModel, persona_of
from shared.models.popularity import PopularityModel
from shared.profiles.face import features
from shared.profiles.fold import Terms, fold
from shared.profiles.profile import Profile, from_ms, new_profile
from shared.ranking.candidates import anchors
from shared.ranking.exclude import barred
from shared.ranking.propose import candidates, propose
from shared.ranking.score import context_of
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.queries import select
from training.sessions import Index

Scores = npt.NDArray[np.float64]
Row = dict[str, Any]

POOL = 60
"""Of each source so many of its best can be chosen from."""


class Moment(NamedTuple):
    """A person about to meet their next item.

    Attributes:
        context: what they are about.
        pools: by whether items that were met may be shown.
    """

    context: Context
    pools: Mapping[bool, "Pool"]


class Pool(NamedTuple):
    """What could be shown.

    Attributes:
        scores: one row an item, in the order of ids; one column a source, relative to the source's best.
        target: the row of the item that came next, −1 if it is none of them.
        quality: of each row's item, relative to what is usual.
    """

    scores: Scores
    target: int
    quality: Scores | None = None


class Sources(NamedTuple):
    """The sources: items with their relations and facts, what is popular, with whom, the quality of items, and earlier
    sessions, which are looked up for the items that are met."""

    items: Mapping[str, Item]
    popularity: PopularityModel
    personas: PersonaModel | None = None
    quality: Mapping[str, float] = {}
    sessions: Index | None = None

    def about(self, met: Iterable[str]) -> "Sources":
        """With what these items' documents would hold of sessions."""
        if self.sessions is None:
            return self
        packed = {item_id: self.sessions.packed(item_id) for item_id in met if item_id in self.items}
        told = {item_id: replace(self.items[item_id], packed_sessions=one) for item_id, one in packed.items()}
        return self._replace(items={**self.items, **told})


def walk(
    warehouse: Warehouse, values: Mapping[str, object], sources: Sources, terms: Terms, settings: Settings
) -> list[Moment]:
    """The moments before the steps of the visits from `edge_ms` on."""
    steps = select(warehouse, "walks", values).to_pylist()
    targets = {person: list(rows) for person, rows in groupby(steps, key=itemgetter("person"))}
    rows = select(warehouse, "walked_events", {**values, "people": sorted(targets)}).to_pylist()
    sources = sources.about({item_id for row in rows for item_id in row["item_ids"] or ()})
    moments: list[Moment] = []
    for person, own in groupby(rows, key=itemgetter("person")):
        profile = new_profile(settings.half_life)
        moments += _walk(profile, list(own), targets[person], sources, terms)
    return moments


def _walk(profile: Profile, rows: list[Row], targets: list[Row], sources: Sources, terms: Terms) -> Iterator[Moment]:
    wanted: dict[str, list[Row]] = {}
    for target in targets:
        wanted.setdefault(target["event_id"], []).append(target)
    for row in rows:
        for target in wanted.get(row["event_id"], ()):
            if target["item_id"] in sources.items:
                yield _moment(profile, target, sources, terms)
        fold(profile, [_event(row)], terms)


def _moment(profile: Profile, target: Row, sources: Sources, terms: Terms) -> Moment:
    weights, at = anchors(profile), from_ms(target["occurred_ms"])
    items = {item_id: sources.items[item_id] for item_id in weights if item_id in sources.items}
    persona = persona_of(sources.personas, features(profile, at, terms.session_cap_ms))
    gap_ms, quality = terms.session_gap_ms, sources.quality
    proposed = propose(profile, weights, items, sources.popularity, True, gap_ms, persona)
    pools: dict[bool, Pool] = {}
    for may_return in (False, True):
        said = proposed.scores if may_return else {**proposed.scores, "return": {}}
        found = candidates(said, proposed.ready, barred(profile, may_return), POOL)
        ids = sorted(set().union(*found.values()))
        table = np.zeros((len(ids), len(SOURCES)))
        for column, source in enumerate(SOURCES):
            if found[source]:
                get, best = said[source].get, said[source][found[source][0]]
                table[:, column] = [get(item_id, 0.0) / best for item_id in ids]
        place = ids.index(target["item_id"]) if target["item_id"] in ids else -1
        pools[may_return] = Pool(table, place, np.array([quality.get(item_id, 1.0) for item_id in ids]))
    return Moment(context_of(profile, at, gap_ms), pools)


def _event(row: Row) -> Event:
    return Event(
        event_id=row["event_id"],
        kind=row["kind"],
        occurred_at=from_ms(row["occurred_ms"]),
        user_id=row["person"],
        item_ids=tuple(row["item_ids"] or ()),
        category=row["category"],
        quantity=row["quantity"],
        dwell_s=row["dwell_s"],
        duration_s=row["duration_s"],
        scroll_depth=row["scroll_depth"],
    )
