"""From candidates to a list, as it is usually done: sets of what must not be shown, loops over all pairs of items."""

from datetime import UTC, datetime, timedelta

from infra.bench.peers.usual import Fields, Items, Scores, load
from infra.bench.peers.usual_candidates import latest
from shared.ranking.exclude import EXITED_DAYS
from shared.settings import Settings

SETTINGS = Settings()


def unwanted(profile: Fields) -> set[str]:
    """Items that are not to be shown to the person; whether what was bought may be shown the catalogue tells."""
    since = datetime.now(UTC) - timedelta(days=EXITED_DAYS)
    return {
        *set(profile["seen"]).difference(profile["purchased"]),
        *profile["dismissed"],
        *profile["cart"],
        *latest(profile)[:1],
        *(item_id for item_id, at in profile["exited"].items() if at >= since),
        *(item_id for item_id, times in profile["shown"].items() if times >= SETTINGS.shown_limit),
    }


def allowed(ranked: list[str], purchased: list[str], wanted: int) -> list[str]:
    """The first of these that the catalogue does not withhold, so many or a few more."""
    found: list[str] = []
    for start in range(0, len(ranked), wanted):
        some = ranked[start : start + wanted]
        items = load(some)
        found.extend(item_id for item_id in some if not is_withheld(items[item_id], item_id in purchased))
        if len(found) >= wanted:
            break
    return found


def is_withheld(item: Fields, is_bought: bool) -> bool:
    """Whether it is hidden, expired, gone, or has been bought and is not for buying twice."""
    expires_at = item.get("expires_at")
    is_gone = item.get("availability") in ("out_of_stock", "discontinued")
    is_expired = expires_at is not None and expires_at <= datetime.now(UTC)
    return bool(item.get("hidden")) or is_gone or is_expired or (is_bought and not item.get("repeatable"))


def diversify(ranked: list[str], scores: Scores, n: int) -> list[str]:
    """The n best by maximal marginal relevance."""
    items = load(ranked)
    strength, scale = SETTINGS.diversity, (1 - SETTINGS.diversity) / round(scores[ranked[0]], 6) if ranked else 0.0
    likest = dict.fromkeys(ranked, 0.0)
    chosen: list[str] = []
    while likest and len(chosen) < n:
        following = max(likest, key=lambda item_id: scale * round(scores[item_id], 6) - strength * likest[item_id])
        chosen.append(following)
        del likest[following]
        for item_id in likest:
            likest[item_id] = max(likest[item_id], likeness(item_id, following, items))
    return chosen


def likeness(one: str, other: str, items: Items) -> float:
    """As neighbours, or by category and tags."""
    labels, others = labels_of(items[one]), labels_of(items[other])
    overlap = len(labels & others) / len(labels | others) if labels or others else 0.0
    similarity: float = max(items[one]["neighbours"].get(other, 0.0), items[other]["neighbours"].get(one, 0.0))
    return max(similarity, overlap)


def labels_of(item: Fields) -> set[str]:
    """Its category and its tags."""
    category = item.get("category")
    return {*item.get("tags", []), *([f"category {category}"] if category else [])}
