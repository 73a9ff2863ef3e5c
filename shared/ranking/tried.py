"""What may be tried in an answer: items that little is known of, with weights for a draw among them."""

from itertools import islice

from shared.models.arrivals import Came
from shared.models.exploration import ExplorationModel
from shared.profiles.memory import item_number
from shared.ranking.candidates import Scores
from shared.ranking.view import View

MOST = 10
"""So many of what came after the training, and of what nobody has met and is like what the person likes."""

LIKED = 10.0
"""What is most like what the person likes is tried so many times more often than if it were not."""

ALONE = 1.0
"""The weight of an item where no model weighs others."""


def weigh_tried(view: View) -> dict[str, float]:
    """Item → weight, of those that neither the person nor the request forbids; the catalogue has not been asked yet."""
    if view.wish.strategy != "blend":
        return {}
    live, now_s = view.live, view.now.timestamp()
    found = _learned(live.exploration, live.arrivals, view.wish.context, now_s) if live.exploration else {}
    usual = live.exploration.pool(view.wish.context).newcomer if live.exploration else ALONE
    for item_id, likeness in _likest(view.proposed.unmet):
        found[item_id] = found.get(item_id, usual) * LIKED * likeness
    return {item_id: weight for item_id, weight in found.items() if item_number(item_id) not in view.forbidden}


def _learned(model: ExplorationModel, arrivals: Came, context: str, now_s: float) -> dict[str, float]:
    pool = model.pool(context)
    late = (item_id for item_id, at_ms in arrivals.items() if at_ms > model.cutoff_ms and item_id not in pool.known)
    return {**dict.fromkeys(islice(late, MOST), pool.newcomer), **dict(pool.at(now_s))}


def _likest(unmet: Scores) -> list[tuple[str, float]]:
    """The likest items, with their likeness relative to the first."""
    likest = sorted(unmet.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST]
    return [(item_id, likeness / likest[0][1]) for item_id, likeness in likest]
