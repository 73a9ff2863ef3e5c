"""The paths that most often end in conversion, counted by hand."""

from collections.abc import Iterator

import pytest

from shared.models.paths import OTHER, START, Path
from shared.stores.ports import Warehouse
from tests.paths_world import events, load, pages, values_at
from training.paths.conversions import read_paths
from training.paths.counts import read_chains


def paths(found: Warehouse, visits: list[tuple[str, str, bool]]) -> dict[tuple[str, ...], Path]:
    """Of visits by person, pages and whether they end with a purchase; a visit a day."""
    begun: dict[str, int] = {}

    def log() -> Iterator[object]:
        for number, (person, walk, buys) in enumerate(visits):
            begun[person] = begun.get(person, -1) + 1
            for event in events(f"{person}", pages(walk, 1_440 * begun[person], buys)):
                yield event.__class__(
                    event_id=f"{number}-{event.event_id}",
                    **{name: getattr(event, name) for name in event.__struct_fields__ if name != "event_id"},
                )

    load(found, log())  # type: ignore[arg-type]
    values = values_at(found)
    chains = read_chains(found, values)
    return {tuple(path.states): path for path in read_paths(found, values, chains).get("pages", [])}


def test_each_conversion_has_the_longest_path_that_others_went_too(warehouse: Warehouse) -> None:
    found = paths(
        warehouse,
        [
            ("ann", "abc", True),
            ("bob", "abc", True),
            ("cid", "dbc", True),
            ("dan", "zbc", True),
            ("eve", "abc", False),
            ("fay", "abcd", False),
            ("gus", "bc", False),
            ("hal", "zz", False),
        ],
    )
    assert set(found) == {(START, "/a", "/b", "/c"), ("/b", "/c")}
    whole, tail = found[START, "/a", "/b", "/c"], found["/b", "/c"]
    assert (whole.ended, whole.people, whole.visits, whole.converted) == (2, 2, 4, 2)
    assert (tail.ended, tail.people, tail.visits, tail.converted) == (2, 2, 7, 4), "whoever went it counts"
    assert tail.rate == pytest.approx(4 / 7, abs=1e-6)
    assert tail.lift == pytest.approx((4 / 7) / (4 / 8), abs=1e-5)
    assert whole.median_s == 3 * 60


def test_no_path_of_one_person(embedded: Warehouse) -> None:
    """However often: a rare way may tell who went it."""
    found = paths(embedded, [("ann", "abc", True)] * 5 + [("bob", "xyc", True)])
    assert found.keys() == {(START, OTHER, "/c")}
    assert found[START, OTHER, "/c"].people == 2


def test_paths_have_six_states_at_most(embedded: Warehouse) -> None:
    found = paths(embedded, [(person, "abcdefgh", True) for person in ("ann", "bob")])
    assert set(found) == {tuple(f"/{letter}" for letter in "cdefgh")}
    assert set(paths(embedded, [(person, "abcde", True) for person in ("ann", "bob")])) == {
        (START, *(f"/{letter}" for letter in "abcde"))
    }


def test_the_interval_is_wilsons(embedded: Warehouse) -> None:
    """R. Newcombe, "Two-sided confidence intervals for the single proportion", Stat. Med. 1998: 15 of 148."""
    visits = [(f"p{n}", "ab", n < 15) for n in range(148)]
    [path] = paths(embedded, visits).values()
    assert (path.visits, path.converted) == (148, 15)
    assert (round(path.low, 4), round(path.high, 4)) == (0.0624, 0.1605)
    assert path.lift == 1.0
