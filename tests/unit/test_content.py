"""Items alike by what is said of them: by the stated formula, for those that hardly anybody has met."""

from typing import Any

import numpy as np
import pyarrow
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from shared.models.items import Item
from shared.ranking.candidates import CONTENT_ANCHORS, from_content, likest_anchor
from training import content
from training.content import FEW, FIELDS, LEAST, N, find_alike, price_bands, words

NOTHING = dict.fromkeys(("name", "brand", "price", "currency", "tags", "category"))


def item(item_id: str, people: int = 0, **said: Any) -> dict[str, Any]:
    return {"item_id": item_id, **NOTHING, "people": people, **said}


def table(*rows: dict[str, Any]) -> pyarrow.Table:
    types = {"price": pyarrow.float64(), "people": pyarrow.int64(), "age_rank": pyarrow.int64()}
    schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in ("item_id", *NOTHING, *types)])
    dated = [{**row, "age_rank": age} for age, row in enumerate(rows, start=1)]
    return pyarrow.Table.from_pylist(dated, pyarrow.schema(list(dict.fromkeys(schema))))


def alike(*rows: dict[str, Any]) -> dict[str, tuple[list[tuple[str, float]], list[tuple[str, float]]]]:
    find = find_alike(table(*rows)).finder()
    return {row["item_id"]: find(row["item_id"]) for row in rows}


def test_each_field_counts_its_weight() -> None:
    assert sum(weight for _, weight in FIELDS) == pytest.approx(1.0)
    whole: dict[str, Any] = {
        "tags": "wool\nred",
        "category": "hats",
        "brand": "Acme",
        "name": "Warm hat",
        "price": 10.0,
        "currency": "EUR",
    }
    rows = [
        item("a", FEW, **whole),
        item("same", **whole),
        item("kind", category="hats"),
        item("other", category="toys"),
    ]
    assert alike(*rows)["a"] == ([], [("same", 1.0), ("kind", 0.25)])


def test_few_and_none_are_told_apart_and_many_need_it_not() -> None:
    rows = [item(f"i{people}", people, category="hats", brand="acme") for people in (0, 1, FEW - 1, FEW)]
    few, unmet = alike(*rows)["i5"]
    assert ([name for name, _ in few], [name for name, _ in unmet]) == (["i1", "i4"], ["i0"])


def test_a_rare_tag_says_more_than_a_common_one() -> None:
    rows = [item("a", 9, tags="common\nrare"), item("b", tags="common\nx"), item("c", tags="rare\ny")]
    common = [item(f"m{n}", 9, tags="common") for n in range(40)]
    found = dict(alike(*rows, *common)["a"][1])
    assert found["c"] > LEAST > found.get("b", 0.0)


def test_of_equals_the_newest_come_first_and_no_more_than_stated() -> None:
    rows = [item(f"i{n:02}", category="hats") for n in range(3 * N)]
    found = alike(*rows, item("old", 9, category="hats"))
    assert [name for name, _ in found["old"][1]] == [f"i{n:02}" for n in range(N)]
    assert all(len(unmet) == N for _, unmet in found.values())


def test_what_nearly_all_have_in_common_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "MOST_SHARED", 3)
    rows = [
        item(f"i{n}", category="all", brand="acme" if n < 2 else None, tags="t\nu" if n < 2 else "t") for n in range(9)
    ]
    assert {name: [other for other, _ in unmet] for name, (_, unmet) in alike(*rows).items() if unmet} == {
        "i0": ["i1"],
        "i1": ["i0"],
    }


def test_nothing_said_is_like_nothing() -> None:
    assert alike(item("a"), item("b", 2)) == {"a": ([], []), "b": ([], [])}
    assert alike() == {}


said = st.fixed_dictionaries(
    {
        "tags": st.none() | st.lists(st.sampled_from("abcd"), min_size=1, unique=True).map("\n".join),
        "category": st.none() | st.sampled_from(["x", "y"]),
        "brand": st.none() | st.sampled_from(["u", "v"]),
        "name": st.none() | st.sampled_from(["red hat", "blue hat", "shoe"]),
        "price": st.none() | st.sampled_from([1.0, 1.2, 9.0]),
        "people": st.sampled_from([0, 1, FEW]),
    }
)


@budget(deadline=None, max_examples=60)
@given(st.lists(said, min_size=1, max_size=12))
def test_similarity_is_that_of_the_vectors(facts: list[dict[str, Any]]) -> None:
    rows = [item(f"i{n:02}", **each) for n, each in enumerate(facts)]
    vectors = content.read_vectors(rows).toarray()
    exact = vectors @ vectors.T
    for row, (few, unmet) in enumerate(alike(*rows).values()):
        for found, wanted in ((few, [1]), (unmet, [0])):
            expected = {
                f"i{n:02}": exact[row, n] for n, each in enumerate(facts) if n != row and each["people"] in wanted
            }
            clear = {name for name, value in expected.items() if value > LEAST + 0.001}
            assert (
                clear
                <= {name for name, _ in found}
                <= {name for name, value in expected.items() if value > LEAST - 0.001}
            )
            assert all(value == pytest.approx(expected[name], abs=0.001) and value <= 1.0 for name, value in found)
    lengths = np.diag(exact)
    assert (lengths <= 1 + 1e-5).all()


def test_words_and_prices_are_read_as_stated() -> None:
    assert words(None) == words("–") == []
    assert set(price_bands(10.0, "EUR")).isdisjoint(price_bands(10.0, "USD"))
    assert set(price_bands(10.0, "EUR")).isdisjoint(price_bands(25.0, "EUR"))


def test_the_leading_anchors_ask_for_what_is_like_them() -> None:
    known = {f"i{n}": Item(f"i{n}", alike=[("few", 0.5)], unmet=[(f"new{n}", 0.8)]) for n in range(20)}
    weights = {f"i{n}": 1.0 - n / 40 for n in range(20)} | {"bad": -1.0}
    few, unmet = from_content(weights, {**known, "bad": Item("bad", unmet=[("newbad", 1.0)])})
    assert unmet == pytest.approx({f"new{n}": 0.8 * (1 - n / 40) for n in range(CONTENT_ANCHORS)})
    assert few == pytest.approx({"few": 0.5 * sum(1 - n / 40 for n in range(CONTENT_ANCHORS))})
    assert likest_anchor("new3", weights, known) == "i3"
    assert likest_anchor("few", weights, known) == "i0"
