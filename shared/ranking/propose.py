"""What the sources say of the items, for one person: scores, and because of what. Training asks the same as serving."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from shared.models.blend import Source
from shared.models.items import Item
from shared.models.popularity import PopularityModel
from shared.profiles.profile import Profile
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
)


class Proposed(NamedTuple):
    """Scores by source, for each source because of what it proposes an item, and which of all nobody has met."""

    scores: dict[Source, Scores]
    because: dict[Source, Callable[[str], str]]
    unmet: Scores


def propose(
    profile: Profile,
    weights: Scores,
    items: Mapping[str, Item],
    popularity: PopularityModel,
    may_return: bool,
    newest: Sequence[Item] = (),
) -> Proposed:
    """All sources. `items` are those of the anchors, `weights` these; `newest` is for when nothing has been trained."""
    liked, met = liked_categories(profile, weights, items), latest(profile)
    few, unmet = from_content(weights, items)
    scores: dict[Source, Scores] = {
        "neighbours": from_neighbours(weights, items),
        "next": from_next(met, items),
        "category": from_categories(liked, popularity),
        "trending": popularity.trend_scores,
        "popularity": popularity.scores,
        "return": from_returns(profile, met) if may_return else {},
        "content": {**few, **unmet} if few and unmet else few or unmet,
        "catalogue": from_catalogue(liked, newest) if newest else {},
    }
    because: dict[Source, Callable[[str], str]] = {
        "neighbours": lambda item_id: leading_anchor(item_id, weights, items),
        "next": lambda _: met[0],
        "category": lambda item_id: leading_category(item_id, liked, popularity),
        "trending": lambda _: "",
        "popularity": lambda _: "",
        "return": lambda item_id: item_id,
        "content": lambda item_id: likest_anchor(item_id, weights, items),
        "catalogue": lambda _: "",
    }
    return Proposed(scores, because, unmet)


def candidates(
    scores: Mapping[Source, Scores], popularity: PopularityModel, barred: AbstractSet[int], most: int | None
) -> dict[Source, Ranked]:
    """Of each source the best, at most so many, that are not barred."""
    ready: dict[Source, Ranked] = {"trending": popularity.trends, "popularity": popularity.items}
    return {
        source: best_new(ready[source] if source in ready else rank(found), barred, most)
        for source, found in scores.items()
    }
