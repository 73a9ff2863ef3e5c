"""What the sources say of the items, for one person: scores, and because of what. Training asks the same as serving."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from shared.models.blend import Source
from shared.models.items import Item
from shared.models.popularity import SHELF, PopularityModel
from shared.models.session_knn import from_sessions
from shared.profiles.profile import Profile
from shared.profiles.standing import NEWCOMER
from shared.ranking.candidates import (
    Ranked,
    Scores,
    best_new,
    from_catalogue,
    from_categories,
    from_content,
    from_neighbours,
    from_next,
    from_returns,
    latest,
    leading_anchor,
    leading_category,
    liked_categories,
    likest_anchor,
    rank,
    visited,
)
from shared.ranking.request import PLAIN, Wish

PER_ITEM = 3
"""A source proposes so many candidates for each item that is asked for."""


class Proposed(NamedTuple):
    """What the sources say.

    Attributes:
        scores: by source.
        because: by source, because of what it proposes an item.
        ready: the items of some sources as they are kept: best first.
        unmet: those of the items that nobody has met.
        anchors: the items that speak for the person, with their weights.
    """

    scores: dict[Source, Scores]
    because: dict[Source, Callable[[str], str]]
    ready: Mapping[Source, Ranked]
    unmet: Scores
    anchors: Scores


def propose(
    profile: Profile,
    weights: Scores,
    items: Mapping[str, Item],
    popularity: PopularityModel,
    may_return: bool,
    gap_ms: int,
    persona: str = NEWCOMER,
    newest: Sequence[Item] = (),
    wish: Wish = PLAIN,
) -> Proposed:
    """All sources. `items` are those of the anchors, `weights` these; `newest` is for when nothing has been trained.

    What is being looked at counts as met last, though no event has told of it yet. Silence of `gap_ms` ends a visit.
    Where only some categories are asked for, it is these that are liked, all of them equally. All that is known of a
    category is looked at for these, and where so many items are wanted.
    """
    looking_at, asked = wish.item_ids, wish.filter.category
    liked = dict.fromkeys(asked, 1.0) if asked else liked_categories(profile, weights, items)
    is_deep = asked or PER_ITEM * wish.number > SHELF
    shelves = popularity.whole_shelves(liked) if is_deep else popularity.shelves
    met = list(dict.fromkeys((*looking_at, *latest(profile))))
    visit = list(dict.fromkeys((*looking_at, *visited(profile, gap_ms))))
    told = {
        item_id: items[item_id].sessions for item_id in visit if item_id in items and items[item_id].packed_sessions
    }
    few, unmet = from_content(weights, items)
    among = popularity.among(persona)
    scores: dict[Source, Scores] = {
        "neighbours": from_neighbours(weights, items),
        "next": from_next(met, items),
        "category": from_categories(liked, shelves),
        "trending": among.trend_scores,
        "popularity": popularity.scores,
        "persona": among.scores,
        "return": from_returns(profile, met) if may_return else {},
        "content": {**few, **unmet} if few and unmet else few or unmet,
        "sessions": from_sessions(visit, told) if told else {},
        "catalogue": from_catalogue(liked, newest) if newest else {},
    }
    because: dict[Source, Callable[[str], str]] = {
        "neighbours": lambda item_id: leading_anchor(item_id, weights, items),
        "next": lambda _: met[0],
        "category": lambda item_id: leading_category(item_id, liked, shelves),
        "trending": lambda _: "",
        "popularity": lambda _: "",
        "persona": lambda _: "",
        "return": lambda item_id: item_id,
        "content": lambda item_id: likest_anchor(item_id, weights, items),
        "sessions": lambda _: "",
        "catalogue": lambda _: "",
        "rule": lambda _: "",
        "exploration": lambda _: "",
    }
    ready: dict[Source, Ranked] = {
        "trending": among.trends,
        "popularity": popularity.ranked,
        "persona": among.ranked,
    }
    return Proposed(scores, because, ready, unmet, weights)


def candidates(
    scores: Mapping[Source, Scores], ready: Mapping[Source, Ranked], barred: AbstractSet[int], most: int | None
) -> dict[Source, Ranked]:
    """Of each source the best, at most so many, that are not barred."""
    return {
        source: best_new(ready[source] if source in ready else rank(found), barred, most)
        for source, found in scores.items()
    }
