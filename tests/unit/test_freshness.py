"""What has just come out stands higher, by as much as the setting says."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.models.items import Item
from shared.ranking.freshen import HALF, freshen
from shared.ranking.scored import Scored

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RANKED = [Scored(f"i{n}", 1.0 - n / 10) for n in range(5)]


def out(days: float) -> Item:
    return Item("", published_at=NOW - timedelta(days=days))


def test_an_item_of_today_passes_those_that_are_nearly_as_good() -> None:
    shown = freshen(RANKED, {"i1": out(0), "i4": out(0)}, 0.2, NOW)
    assert [one.item_id for one in shown] == ["i1", "i0", "i2", "i4", "i3"]
    assert [one.score for one in shown] == [1.08, 1.0, 0.8, 0.72, 0.7]


def test_it_is_worth_half_after_the_half_life_and_nothing_where_nothing_is_known() -> None:
    [one, *_] = freshen(RANKED, {"i0": out(HALF / timedelta(days=1)), "i1": Item("i1")}, 0.2, NOW)
    assert one.score == 1.1
    assert freshen(RANKED, {}, 0.2, NOW) == RANKED
    assert freshen(RANKED, {"i1": out(0)}, 0.0, NOW) == RANKED


@given(st.dictionaries(st.sampled_from([one.item_id for one in RANKED]), st.floats(-30, 400)), st.floats(0, 1))
def test_nobody_is_lost_and_no_score_more_than_doubles(ages: dict[str, float], strength: float) -> None:
    shown = freshen(RANKED, {item_id: out(days) for item_id, days in ages.items()}, strength, NOW)
    before = {one.item_id: one.score for one in RANKED}
    assert {one.item_id for one in shown} == set(before)
    assert all(before[one.item_id] <= one.score <= 2 * before[one.item_id] + 1e-6 for one in shown)
    assert [one.score for one in shown] == sorted((one.score for one in shown), reverse=True)
