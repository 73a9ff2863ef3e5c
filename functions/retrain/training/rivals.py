"""Whether the neighbours of a challenger add more to the blend than those of item-kNN do."""

from collections.abc import Sequence

import msgspec
import numpy as np

from shared.models.blend import SOURCES, BlendModel, Shares
from training.collaborative.challengers import ITEM_KNN
from training.collaborative.choose import Choice
from training.collaborative.matrix import Matrix
from training.similarity import find_neighbours
from training.strength import gains, is_more, tell_more
from training.walks import Moment, Scores, Sources

Learned = tuple[BlendModel, dict[str, object]]


def with_neighbours(sources: Sources, matrix: Matrix, n: int) -> Sources:
    """The same with the neighbours of item-kNN."""
    similar = find_neighbours(matrix.item_ids, matrix.weights, n)
    known = {item_id: dict(similar.of(place)) for place, item_id in enumerate(matrix.item_ids)}
    items = {
        item_id: msgspec.structs.replace(item, neighbours=known.get(item_id, {}))
        for item_id, item in sources.items.items()
    }
    return sources._replace(items=items)


def hold(
    moments: Sequence[Moment], learned: Learned, usual: Sequence[Moment], learned_usual: Learned, choice: Choice
) -> Learned:
    """The challenger's blend if it shows more of what people went to, by more than the standard error; else the usual.

    The two see the same moments, each with its own neighbours.
    """
    more = _gains(moments, learned[0]) - _gains(usual, learned_usual[0])
    name, (model, facts) = (choice.served.name, learned) if is_more(more) else (ITEM_KNN, learned_usual)
    told = f"{choice.served.name} against item-kNN: {tell_more(more)}"
    return model, {**facts, "neighbours_by": name, "neighbours_compared": told}


def _gains(moments: Sequence[Moment], model: BlendModel) -> Scores:
    weights = {context: _array(shares) for context, shares in model.shares.items()}
    return gains(moments, weights, model.may_return, model.strength)


def _array(shares: Shares) -> Scores:
    return np.array([shares.get(source, 0.0) for source in SOURCES])
