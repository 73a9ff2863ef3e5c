"""Repetition: how much of what is shown the person has met before."""

from collections.abc import Collection, Iterable, Sequence
from math import nan


def repetition(lists: Iterable[tuple[Sequence[str], Collection[str]]]) -> float:
    """The share, over everything shown, of items that its person had met; lists come with what each person had met.

    >>> repetition([(["a", "b"], {"b"}), (["c", "d"], {})])
    0.25
    """
    met = [item_id in known for shown, known in lists for item_id in shown]
    return sum(met) / len(met) if met else nan
