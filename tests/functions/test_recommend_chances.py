"""Through the whole of recommend, items are shown as often as their probability says, under rules and exclusions."""

from collections import Counter

import pytest
from scipy.stats import chi2

from shared.profiles.fold import fold
from shared.profiles.profile import encode_profile, new_profile
from shared.profiles.record import STATE
from shared.ranking.request import Filter, Wish
from shared.rules.rule import Items, Rule
from shared.stores.ports import Fields
from tests.functions.test_recommend_invariants import NOW, SETTINGS, TERMS, Case, happened, make, recommender

FACTS: dict[str, Fields] = {
    "i8": {"hidden": True},
    "t1": {"category": "hats"},
    "i9": {"category": "hats"},
    "i4": {"category": "hats"},
}
PIN = Rule(name="pin", items=Items(item_id="i5"), pin=9)
CAP = Rule(name="cap", items=Items(category="hats"), cap=2)
ROUNDS = 1_000


@pytest.mark.parametrize(
    ("case", "never"),
    [
        (Case([("item_view", "i0", 0), ("dismiss", "t2", 0)], FACTS, Wish(n=8), [], False), {"t2", "i8", "i0"}),
        (Case([], FACTS, Wish(n=10, exclude_ids=("t0",)), [PIN], False), {"t0", "i8"}),
        (Case([], FACTS, Wish(n=9), [CAP, PIN], False), {"t1", "i9", "i8"}),
        (Case([], FACTS, Wish(n=1, filter=Filter(category=("hats",))), [], False), {"t0", "t2", "i8"}),
    ],
    ids=["met and dismissed", "pinned and excluded", "capped", "filtered"],
)
async def test_items_are_shown_as_often_as_is_told(case: Case, never: set[str]) -> None:
    world = await make(case)
    profile = new_profile(SETTINGS.half_life)
    fold(profile, happened(case), TERMS)
    await world.merge("profiles", {"u:ann": {STATE: encode_profile(profile)}})
    one = recommender(world, [NOW])
    counts: Counter[str] = Counter()
    told: dict[str, float] = {}
    for _ in range(ROUNDS):
        shown = (await one.answer("u:ann", case.wish)).items
        counts.update(item.item_id for item in shown)
        assert all(told.setdefault(item.item_id, item.probability) == item.probability for item in shown)
    assert not never & counts.keys()
    assert sum(told.values()) == pytest.approx(min(case.wish.n, len(told)), abs=1e-6), "none of the possible is missing"
    open_ = {item: share for item, share in told.items() if share < 1.0}
    assert len(open_) > 1
    assert all(counts[item] == ROUNDS for item, share in told.items() if share == 1.0)
    statistic = sum((counts[item] - ROUNDS * p) ** 2 / (ROUNDS * p * (1 - p)) for item, p in open_.items())
    assert statistic < chi2.ppf(1 - 1e-4, len(open_))
    for item in counts:
        why = await one.why("u:ann", case.wish, item)
        assert why["probability"] == told[item]
