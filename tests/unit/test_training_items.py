"""Neighbours and popularity: what the matrix says, in an order that leaves nothing to chance."""

from collections.abc import Mapping

import msgspec
import numpy as np
import pyarrow
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from shared.models.items import unpack_item
from shared.models.popularity import PopularityModel
from training import neighbours, popularity, similarity
from training.collaborative.matrix import matrix_of
from training.sequences import Sequences

Weights = dict[tuple[str, str], float]


def similar(weights: Weights, n: int = 3) -> dict[str, list[tuple[str, float]]]:
    """The neighbours of all items of this (person, item) → weight."""
    rows = [
        {"person": person, "item_id": item, "weight": weight, "last_ms": 0, "place": 0}
        for (person, item), weight in sorted(weights.items())
    ]
    matrix = matrix_of(pyarrow.Table.from_pylist(rows))
    found = similarity.find_neighbours(matrix.item_ids, matrix.weights, n)
    return {item_id: found.of(place) for place, item_id in enumerate(matrix.item_ids)}


def by_hand(weights: Weights, n: int) -> dict[str, list[tuple[str, float]]]:
    """The same by the formula, without a library's help."""
    people, items = sorted({person for person, _ in weights}), sorted({item for _, item in weights})
    matrix = np.array([[weights.get((person, item), 0.0) for item in items] for person in people])
    matrix *= np.log1p(len(items) / (matrix > 0).sum(axis=1))[:, None]
    strangers = similarity.STRANGERS * (matrix[matrix > 0] ** 2).mean()
    lengths = np.sqrt((matrix**2).sum(axis=0) + strangers)
    table = (matrix.T @ matrix / lengths / lengths[:, None]).round(6)
    return {
        item: sorted(
            (
                (other, table[row, column])
                for column, other in enumerate(items)
                if column != row and table[row, column] > 0
            ),
            key=lambda pair: (-pair[1], pair[0]),
        )[:n]
        for row, item in enumerate(items)
    }


matrices = st.dictionaries(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([f"i{number}" for number in range(9)])),
    st.sampled_from([0.25, 1.0, 3.0, 5.0]),
    min_size=1,
)


@budget(deadline=None)
@given(matrices, st.integers(1, 4))
def test_neighbours_are_those_of_the_formula(weights: Weights, n: int) -> None:
    found, expected = similar(weights, n), by_hand(weights, n)
    for item, others in expected.items():
        assert [value for _, value in found[item]] == pytest.approx([value for _, value in others], abs=2e-6)
        assert all(0 < value <= 1 and other != item for other, value in found[item])
        assert found[item] == sorted(found[item], key=lambda pair: (-pair[1], pair[0]))


def test_equals_are_ordered_by_item_and_cut_there() -> None:
    found = similar({("ann", f"i{number:02}"): 1.0 for number in range(15)}, n=3)
    assert [item for item, _ in found["i07"]] == ["i00", "i01", "i02"]
    assert [item for item, _ in found["i00"]] == ["i01", "i02", "i03"]


def test_many_common_people_say_more_than_one() -> None:
    often = {(f"p{person}", item): 1.0 for person in range(9) for item in ("ham", "eggs")}
    found = similar(often | {("ann", "saw"): 1.0, ("ann", "hat"): 1.0})
    assert found["ham"][0][1] > 2 * found["saw"][0][1]


def test_items_without_relations_are_left_out() -> None:
    model = similarity.Similar(
        ["a", "b", "c"], np.array([0, 1, 2, 2]), np.array([1, 0], np.int32), np.array([0.5, 0.5])
    )
    sequences = Sequences({"b": [("c", 1.0)], "d": [("a", 0.5)]}, {"d": {"c": (0.25, [("a", 1.0)])}})
    relations = dict(neighbours.Related(model, sequences)())
    assert list(relations) == ["a", "b", "d"]
    found = {item_id: unpack_item(item_id, {"relations_a": packed}) for item_id, packed in relations.items()}
    assert (found["b"].neighbours, found["b"].next, found["b"].ways) == ({"a": 0.5}, [("c", 1.0)], {})
    assert (found["d"].neighbours, found["d"].next) == ({}, [("a", 0.5)])
    assert found["d"].ways == {"c": (0.25, [("a", 1.0)])}


def row(
    item_id: str, category: str | None, score: float, rank: int, category_rank: int | None, trend: float | None = None
) -> Mapping[str, object]:
    ranks = {"item_rank": rank, "category_rank": category_rank}
    return {"item_id": item_id, "category": category, "score": score, "trend": trend, **ranks}


def test_popularity_is_relative_to_the_first() -> None:
    rows = [
        row("a", "hats", 8.0, 1, 1),
        row("b", None, 4.0, 2, None, 0.5),
        row("c", "toys", 2.0, 3, 2, 2.0),
        row("d", "hats", 1.0, 4, 1),
    ]
    model = popularity.read_model(pyarrow.Table.from_pylist(rows))
    assert model.items == [("a", 1.0), ("b", 0.5), ("c", 0.25), ("d", 0.125)]
    assert model.categories == {"hats": [("a", 1.0), ("d", 0.125)], "toys": [("c", 1.0)]}
    assert model.trends == [("c", 1.0), ("b", 0.25)]


def test_long_identifiers_shorten_the_lists() -> None:
    names = [f"{number:0256}" for number in range(5_000)]
    model = popularity.bound(PopularityModel("", [(name, 1.0) for name in names], {"hats": [(names[0], 1.0)] * 100}))
    assert len(msgspec.msgpack.encode(model)) <= popularity.MAX_BYTES
    assert [item for item, _ in model.items] == names[: len(model.items)]
    assert len(model.items) > 1_000
