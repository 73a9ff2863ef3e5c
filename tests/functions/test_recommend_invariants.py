"""What must never be shown never is: whatever happened, whatever is asked, pinned or tried; also while degraded."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import RetryableError
from shared.events.event import Event
from shared.events.kinds import ITEM_KINDS
from shared.models.artifact import pack_model
from shared.models.blend import CONTEXTS, UNLEARNED, BlendModel
from shared.models.catalogue import Catalogue
from shared.models.exploration import ExplorationModel, Pool
from shared.models.popularity import PopularityModel
from shared.models.registry import Registry
from shared.models.relations import Relations, pack_relations
from shared.profiles.cart import cart
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import Profile, encode_profile, new_profile
from shared.profiles.record import STATE
from shared.ranking.recommend import Recommender
from shared.ranking.request import Wish
from shared.rules.rule import Items, Rule, RuleSet
from shared.settings import Settings
from shared.stores.ports import Document, Fields
from training.world import World

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = timedelta(hours=1)
ITEMS = [f"i{number}" for number in range(12)]
UNPROPOSED = ["t0", "t1", "t2"]
"""Only exploration and rules know of them."""

LIMIT = 3
SETTINGS = Settings(shown_limit=LIMIT, exploration=0.3)
TERMS = read_terms(SETTINGS)

Act = tuple[str, str, int]
"""Kind, item, how many days ago."""


class Case(NamedTuple):
    """A person's acts, facts of items, what is asked, and what the models and rules say."""

    acts: Sequence[Act]
    facts: Mapping[str, Fields]
    wish: Wish
    rules: Sequence[Rule]
    may_return: bool


items = st.sampled_from([*ITEMS, *UNPROPOSED])
KINDS = [
    "item_view",
    "click",
    "purchase",
    "add_to_cart",
    "remove_from_cart",
    "dismiss",
    *["quick exit", "impression"] * 4,
]
act = st.tuples(
    st.sampled_from(KINDS),
    st.sampled_from(["i0", "i1", "i2", "t0"]),
    st.integers(0, 4) | st.integers(5, 40),
)
acts = st.lists(act, max_size=4) | st.lists(act, min_size=10, max_size=25)
facts = st.dictionaries(
    items,
    st.fixed_dictionaries(
        {},
        optional={
            "hidden": st.booleans(),
            "repeatable": st.booleans(),
            "availability": st.sampled_from(["in_stock", "out_of_stock", "discontinued"]),
            "expires_at": st.sampled_from([NOW - LATER, NOW, NOW + LATER / 2, NOW + 2 * LATER]),
        },
    ),
)
wishes = st.builds(
    Wish,
    n=st.sampled_from([2, 10, 15]),
    item_ids=st.tuples() | st.tuples(items),
    exclude_ids=st.lists(items, max_size=4).map(tuple),
)
effects: Sequence[dict[str, Any]] = (
    {"pin": 1},
    {"pin": 2},
    {"boost": 5.0},
    {"require": True},
    {"bury": 0.5},
    {"cap": 2},
)
rules = st.lists(
    st.builds(
        lambda wanted, effect: Rule(name=f"{effect}", items=Items(item_id=wanted), **effect),
        st.lists(items, min_size=1, max_size=4),
        st.sampled_from(effects),
    ),
    max_size=3,
)
cases = st.builds(Case, acts, facts, wishes, rules, st.booleans())


def happened(case: Case) -> list[Event]:
    return [
        Event(
            event_id=f"e{number}",
            kind="item_view" if kind == "quick exit" else kind,  # type: ignore[arg-type]
            occurred_at=NOW - timedelta(days=days, minutes=number + 1),
            user_id="ann",
            item_ids=(item,),
            dwell_s=1.0 if kind == "quick exit" else None,
        )
        for number, (kind, item, days) in enumerate(case.acts)
    ]


def is_gone(facts: Fields, now: datetime) -> bool:
    expires_at = facts.get("expires_at")
    return (
        bool(facts.get("hidden"))
        or facts.get("availability") in ("out_of_stock", "discontinued")
        or (isinstance(expires_at, datetime) and expires_at <= now)
    )


def of_catalogue(case: Case, now: datetime) -> set[str]:
    return {item for item, known in case.facts.items() if is_gone(known, now)}


def of_request(case: Case) -> set[str]:
    return {*case.wish.item_ids, *case.wish.exclude_ids}


def of_person(case: Case, profile: Profile, now: datetime) -> set[str]:
    """By the acts alone, but for the cart."""
    pairs = sorted(zip(happened(case), case.acts, strict=True), key=lambda pair: pair[0].occurred_at)
    dated = [(kind, item, event.occurred_at.date()) for event, (kind, item, _) in pairs]
    met = {item: day for event, (_, item, day) in zip(pairs, dated, strict=True) if event[0].kind in ITEM_KINDS}
    bought = {item for kind, item, _ in dated if kind == "purchase"}
    again = {item for item in bought if case.facts.get(item, {}).get("repeatable")}
    banned = set(cart(profile, now)) | (bought - again)
    banned |= {item for kind, item, _ in dated if kind == "dismiss"}
    banned |= {item for kind, item, day in dated if kind == "quick exit" and day >= now.date() - timedelta(days=7)}
    banned |= {item for event, (_, item, _) in pairs if event.kind in ITEM_KINDS and not case.may_return} - again
    banned |= {item for event, (_, item, _) in [pair for pair in pairs if pair[0].kind in ITEM_KINDS][-1:]}
    shown = Counter(
        item
        for kind, item, day in dated
        if kind == "impression" and day >= now.date() - timedelta(days=30) and day > met.get(item, date.min)
    )
    return banned | {item for item, times in shown.items() if times >= LIMIT}


class Away(World):
    """A world in memory that may stop answering."""

    is_away = False

    async def get(self, collection: str, key: str, fields: Sequence[str] | None = None) -> Document | None:
        if self.is_away:
            raise RetryableError("away")
        return await super().get(collection, key, fields)


async def make(case: Case) -> Away:
    world = Away()
    popular = PopularityModel("p1", [(item, 1 - number / 20) for number, item in enumerate(ITEMS)], {})
    tried = [(item, 0.1) for item in [*UNPROPOSED, *ITEMS[6:]]]
    models: dict[str, Any] = {
        "popularity": popular,
        "blend": BlendModel("b1", {context: dict(UNLEARNED) for context in CONTEXTS}, case.may_return),
        "exploration": ExplorationModel("x1", {}, Pool(tried, 0.1), 0),
        "rules": RuleSet("r1", list(case.rules), {rule.name: [*ITEMS, *UNPROPOSED] for rule in case.rules}),
    }
    for name, model in models.items():
        key, fields = pack_model(name, model.version, model)
        await world.merge("models", {key: fields})
    await world.merge("models", {"current": {name: model.version for name, model in models.items()}})
    for number, item in enumerate([*ITEMS, *UNPROPOSED]):
        near = [(ITEMS[(number + step) % 12], 1.0 / step) for step in (1, 2, 3)]
        await world.merge(
            "items", {item: {"item_id": item, **pack_relations(Relations(near)), **case.facts.get(item, {})}}
        )
    return world


def recommender(world: World, clock: Sequence[datetime]) -> Recommender:
    kinds: dict[str, type[msgspec.Struct]] = {
        "popularity": PopularityModel,
        "blend": BlendModel,
        "exploration": ExplorationModel,
        "rules": RuleSet,
    }
    registry = Registry(world, timedelta(days=1), lambda: clock[-1], **kinds)
    catalogue = Catalogue(world, 100, timedelta(days=1), lambda: clock[-1])
    return Recommender(world, registry, catalogue, TERMS, SETTINGS, lambda: clock[-1], Random(1).random)


@settings(max_examples=150, deadline=None)
@given(cases)
async def test_what_must_not_be_shown_never_is(case: Case) -> None:
    world, clock = await make(case), [NOW]
    profile = new_profile(SETTINGS.half_life)
    fold(profile, happened(case), TERMS)
    await world.merge("profiles", {"u:ann": {STATE: encode_profile(profile)}})
    one = recommender(world, clock)
    for now in (NOW, NOW + LATER):  # the second time the items are remembered
        clock.append(now)
        shown = (await one.answer("u:ann", case.wish)).items
        ids = [item.item_id for item in shown]
        assert not (of_catalogue(case, now) | of_request(case) | of_person(case, profile, now)) & set(ids)
        assert len(set(ids)) == len(ids) <= case.wish.n
        assert all(0.0 < item.probability <= 1.0 for item in shown)


@settings(max_examples=50, deadline=None)
@given(cases, st.integers(0, 15))
async def test_nor_while_the_store_is_away(case: Case, remembered: int) -> None:
    """Who asks is unknown then; but what is gone, or not asked for, is not shown, remembered or not."""
    world, clock = await make(case), [NOW]
    one = recommender(world, clock)
    await one.answer("u:bob", Wish(n=max(1, remembered), strategy="popularity"))
    world.is_away = True
    clock.append(NOW + LATER)
    answer = await one.answer("u:ann", case.wish)
    assert answer.degraded
    assert not (of_catalogue(case, clock[-1]) | of_request(case)) & set(answer.item_ids)
