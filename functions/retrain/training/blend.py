"""Blend: how much each source has to say, learned from what people did next in the later visits of the log."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from threadpoolctl import threadpool_limits

from shared.models.blend import SOURCES, BlendModel, Source
from shared.models.items import Item, unpack_item
from shared.models.relations import SLOTS, field
from shared.profiles.fold import read_terms
from shared.profiles.profile import from_ms
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training import neighbours, popularity
from training.collaborative.choose import UNTRIED, Choice
from training.collaborative.matrix import read_matrix
from training.leanings import personas_at
from training.quality import Quality, read_quality, unusual
from training.queries import select, terms
from training.results import Fitted, Model, Refused, Trained, fitted
from training.rivals import hold, with_neighbours
from training.sessions import read_sessions
from training.strength import choose_strength, gains
from training.walks import Moment, Scores, Sources, walk
from training.weights import hear, learn_weights

NOTHING: Mapping[Model, Trained] = {}

SHARE = 0.75
"""The sources learn from the first part of the visits; in the others people are watched."""

MOST = 3_000
LEAST = 30
"""Next items to learn from."""

OF_ONE = 20
"""Of a person so many next items at most: those of a few who do much are alike, and would decide for all."""

CONTENT = SOURCES.index("content")


def fit(
    warehouse: Warehouse, cutoff: datetime, settings: Settings, beside: Mapping[Model, Trained] = NOTHING
) -> Fitted | Refused:
    """The blend as of the cutoff.

    Args:
        beside: what else has been trained: neighbours are learned as those were; or by item-kNN, if with it no less of
            what people go to would have been shown. Alone others may be better; what they add to the rest decides.
    """
    values = {**terms(cutoff, settings), "share": SHARE, "most": MOST, "of_one": OF_ONE}
    edge_ms = select(warehouse, "validation_edge", values).to_pylist()[0]["edge_ms"]
    choice = neighbours.choice_of(beside)
    earlier = None if edge_ms is None else from_ms(edge_ms) - timedelta(microseconds=1)
    sources = _sources(warehouse, earlier, settings, choice) if earlier else None
    if sources is not None and earlier and "neighbours" in beside:  # whose documents sessions would go into
        sources = sources._replace(sessions=read_sessions(warehouse, terms(earlier, settings)))
    if sources is None:
        return Refused("too few visits to learn from")
    moments = walk(warehouse, {**values, "edge_ms": edge_ms}, sources, read_terms(settings), settings)
    if len(moments) < LEAST:
        return Refused(f"{len(moments):,} next items to learn from, {LEAST} are needed")
    # On several threads partial sums come together in any order, and the last bits with them.
    with threadpool_limits(1):
        model, facts = learn(moments, read_quality(warehouse, values))
        if choice.served != UNTRIED and earlier:
            plain = with_neighbours(sources, read_matrix(warehouse, earlier, settings), settings.neighbours)
            usual = walk(warehouse, {**values, "edge_ms": edge_ms}, plain, read_terms(settings), settings)
            model, facts = hold(moments, (model, facts), usual, learn(usual, read_quality(warehouse, values)), choice)
    return fitted("blend", model, cutoff, facts)


def learn(moments: Sequence[Moment], quality: Quality | None = None) -> tuple[BlendModel, dict[str, object]]:
    """The model, and what is told of it. Met items may return if more of what people go to is shown that way.

    `quality` is that of now; how strongly it counts is learned from what it was before the moments.
    """
    found = {may_return: learn_weights(moments, may_return) for may_return in (False, True)}
    figures = {may_return: float(gains(moments, found[may_return], may_return).mean()) for may_return in found}
    may_return = figures[True] > figures[False]
    weights, heard = hear(moments, may_return, found[may_return])
    shares = {context: _shares(each) for context, each in weights.items()}
    strength = choose_strength(moments, weights, may_return) if quality else 0.0
    told = {
        "next_items": len(moments),
        "new_items": _proposed_new(moments, may_return),
        "ndcg": round(float(gains(moments, weights, may_return, strength).mean()), 4),
        "may_return": may_return,
        "shares": shares["visit"],
        "heard": heard,
        "hears_sessions": bool(shares["visit"]["sessions"]),
        "quality": _about(quality, strength),
    }
    named, usual = (unusual(quality), round(quality.usual, 4)) if quality else ({}, 1.0)
    return BlendModel("", shares, may_return, named, usual, strength), told


def _proposed_new(moments: Sequence[Moment], may_return: bool) -> int:
    """To how many of the next items content had pointed."""
    pools = (moment.pools[may_return] for moment in moments)
    return sum(bool(pool.scores[pool.target, CONTENT]) for pool in pools if pool.target >= 0)


def _about(quality: Quality | None, strength: float) -> dict[str, object]:
    if quality is None:
        return {"items": 0}
    figures = {"usual": round(quality.usual, 4), "prior_people": round(quality.people, 1), "strength": strength}
    return {"items": len(quality.items), **figures}


def _shares(weights: Scores) -> dict[Source, float]:
    parts = (weights / weights.sum()).round(4).tolist()
    return dict(zip(SOURCES, parts, strict=True))


def _sources(warehouse: Warehouse, cutoff: datetime, settings: Settings, choice: Choice) -> Sources | None:
    personas = personas_at(warehouse, cutoff, settings)
    related, popular = (
        neighbours.fit(warehouse, cutoff, settings, choice),
        popularity.learn(warehouse, cutoff, settings, personas),
    )
    if isinstance(related, Refused) or isinstance(popular, Refused) or related.relations is None:
        return None
    facts = select(warehouse, "item_facts", terms(cutoff, settings))
    categories = dict(zip(facts["item_id"].to_pylist(), facts["category"].to_pylist(), strict=True))
    packed = dict(related.relations())
    items = {item_id: _item(item_id, packed.get(item_id), categories.get(item_id)) for item_id in packed | categories}
    quality = read_quality(warehouse, terms(cutoff, settings))
    relative = {item_id: share / quality.usual for item_id, share in quality.items.items()} if quality else {}
    return Sources(items, popular, personas, relative)


def _item(item_id: str, packed: bytes | None, category: str | None) -> Item:
    return unpack_item(item_id, {field(SLOTS[0]): packed, "category": category})
