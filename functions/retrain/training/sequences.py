"""Where people go next: first- and second-order Markov chains over items, computed in SQL."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.models.relations import Ranking
from shared.stores.ports import Warehouse
from training.queries import select

if TYPE_CHECKING:
    import pyarrow

TERMS = {"nexts": 50, "reach": 5, "backwards": 0.3, "people": 2, "ways": 10, "second_nexts": 5}
"""An item met d steps later counts 1 / d, as in the sequential rules of M. Ludewig, D. Jannach, "Evaluation of
session-based recommendation algorithms", UMUAI 2018; one met before it less, as people go to and fro. On validation
slices of three inputs that finds more than the next item alone."""

DIGITS = 6

Steps = tuple[Any, ...]
Ways = dict[str, tuple[float, Ranking]]


class Sequences(NamedTuple):
    """By item: the items that follow, by probability; and by the item before it, with how far that is to be trusted."""

    next: dict[str, Ranking]
    ways: dict[str, Ways]


def read_sequences(warehouse: Warehouse, values: Mapping[str, object]) -> Sequences:
    """The chains of what had happened by the cutoff."""
    given = {**values, **TERMS}
    first, second = select(warehouse, "transitions", given), select(warehouse, "second_steps", given)
    following = {item_id: _shares([row[1:] for row in rows]) for item_id, rows in _groups(first)}
    ways = {item_id: dict(_ways(rows)) for item_id, rows in _groups(second)}
    return Sequences(following, ways)


def _ways(rows: list[Steps]) -> Iterator[tuple[str, tuple[float, Ranking]]]:
    for previous, some in groupby(rows, key=itemgetter(1)):
        found = list(some)
        *_, total, kinds = found[0]
        trust = round(total / (total + kinds), DIGITS)
        yield previous, (trust, [(row[2], round(row[3] / total, DIGITS)) for row in found])


def _groups(table: "pyarrow.Table") -> Iterator[tuple[str, list[Steps]]]:
    """The rows of each item; of a column's equal texts there is one."""
    columns = [table[name].combine_chunks() for name in table.column_names]
    texts = [
        column.dictionary_encode().to_pylist() if "string" in str(column.type) else column.to_pylist()
        for column in columns
    ]
    return ((item_id, list(rows)) for item_id, rows in groupby(zip(*texts, strict=True), key=itemgetter(0)))


def _shares(ranking: list[tuple[str, float]]) -> Ranking:
    total = sum(weight for _, weight in ranking)
    return [(item_id, round(weight / total, DIGITS)) for item_id, weight in ranking]
