"""The benchmarks' own arithmetic and reading. No figure is asserted here: they are measured, by `make bench`."""

import doctest
import json
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from types import ModuleType

import msgspec
import pytest

from infra.bench import figures, imports, load, process_tree, promises, pushes, rounds, run
from infra.bench.attribution import by_person
from infra.bench.catalogue import NEIGHBOURS, Near
from infra.bench.deliveries import SETTINGS, Deliveries, Scale, make_deliveries
from infra.bench.driver import Run
from infra.bench.exactly_once import problems
from infra.bench.figures import Grid, Result
from infra.bench.formula import totals_in, totals_of
from infra.bench.freshness import lag_ms
from infra.bench.in_order import in_order
from infra.bench.load import Load
from infra.bench.people import People, fold_all, simulate, spread, variants_of
from infra.bench.probe import Probe
from infra.bench.promises import Promise
from infra.bench.sizes import stored_bytes
from infra.bench.verdict import TERMS, Verdict, judge
from infra.local.inputs.simulate import Simulation
from shared.errors import PermanentError
from shared.profiles.fold import read_terms
from shared.profiles.profile import encode_profile
from shared.settings import Settings


@pytest.mark.parametrize("module", [figures, imports, load, process_tree, promises], ids=lambda module: module.__name__)
def test_examples(module: ModuleType) -> None:
    failed, tried = doctest.testmod(module)
    assert tried > 0
    assert failed == 0


def test_a_median_of_nothing_is_unknown() -> None:
    assert figures.median([]) is None
    assert figures.median([None, None]) is None


def test_a_ratio_to_nothing_is_unknown() -> None:
    assert figures.ratio([1.0, 2.0], [0.0, None]) is None
    assert figures.ratio([None, 6.0], [1.0, 3.0]) == 2.0


def test_a_server_that_never_answered_has_no_latency() -> None:
    told = '{"requests":0,"us":3000000,"p50":0,"p90":0,"p99":0,"status":0,"cut":2,"late":16}'
    assert load.read_report(told) == Load(0.0, None, None, None, good=0, bad=2, late=16)


def test_errors_are_not_counted_as_answers() -> None:
    told = '{"requests":10,"us":1000000,"p50":1000,"p90":1500,"p99":2000,"status":4,"cut":1,"late":0}'
    found = load.read_report(told)
    assert (found.requests_s, found.good, found.bad) == (6.0, 6, 5)


def test_silence_of_wrk_is_an_error() -> None:
    with pytest.raises(PermanentError, match="unable to connect"):
        load.read_report("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_rounds_as_a_table() -> None:
    samples: rounds.Samples = {}
    for rate in (100.0, 200.0, 400.0):
        samples.setdefault((("", 16), "floor"), []).append(Load(rate, 1.0, 1.5, 2.0, 10, 0, 0))
        samples.setdefault((("", 16), "ours"), []).append(Load(rate / 2, 1.5, 2.0, 4.0, 10, 1, 0))
        samples.setdefault((("", 16), "usual"), []).append(Load(rate / 10, None, None, None, 10, 0, 1))
    grid = rounds.grid("requests", samples, "floor", "usual")
    assert "events of" not in grid.columns
    ours = dict(zip(grid.columns, grid.rows[1], strict=True))
    assert ours["req/s"] == 100.0
    assert ours["failed"] == 3
    assert (ours["p50 × floor"], ours["req/s × floor"], ours["req/s × usual"]) == (1.5, 0.5, 5.0)
    assert grid.rows[2][3] is None


def test_everything_is_written_as_json() -> None:
    table = Grid("requests", ("variant", "p50 ms"), [["ours", 1.5], ["usual", None]])
    made = [Promise("p50 × floor", "≤", 1.5, 1.6), Promise("p90 ms", "≤", 7, None)]
    result = Result([table], ["a note"], ["a loss"], made)
    data = json.loads(json.dumps(figures.report({"cores": 2}, {"recommend": result}, {"repeats": 3})))
    assert data == {
        "machine": {"cores": 2},
        "options": {"repeats": 3},
        "recommend": {
            "tables": {
                "requests": [{"variant": "ours", "p50_ms": 1.5}, {"variant": "usual", "p50_ms": None}],
                "promises": [
                    {"what": "p50 × floor", "promised": "≤ 1.5", "found": 1.6, "held": "no"},
                    {"what": "p90 ms", "promised": "≤ 7", "found": None, "held": "no"},
                ],
            },
            "notes": ["a note"],
            "failures": ["a loss"],
        },
    }


def test_neighbours_are_others_and_the_same_whenever_asked_for() -> None:
    categories = {f"item-{number}": "few" if number < 20 else "many" for number in range(300)}
    near, again = (Near(categories, {"item-70": 3}) for _ in range(2))
    assert dict(near) == dict(again)
    for item, neighbours in near.items():
        names = [name for name, _ in neighbours]
        assert len({*names} - {item}) == NEIGHBOURS
        assert [score for _, score in neighbours] == sorted((score for _, score in neighbours), reverse=True)
    counts = Counter(name for neighbours in near.values() for name, _ in neighbours)
    assert counts["item-70"] > 3 * median(counts.values())


def test_variants_of_an_item_are_met_the_less_the_later_they_come() -> None:
    settings = Settings()
    events = [event for event in simulate(Simulation(users=40, days=10, seed=3), settings) if event.item_ids]
    people = People({"ann": events}, {}, [], read_terms(settings))
    varied = spread(people, 20).events["ann"]
    for event, other in zip(events, varied, strict=True):
        assert all(new in variants_of(old, 20) for old, new in zip(event.item_ids, other.item_ids, strict=True))
    met = Counter(int(item.rpartition("-")[2]) for event in varied for item in event.item_ids)
    assert met[0] > met[1] > met[2] > met[10] > 0


def test_cases_follow_each_other_in_the_past() -> None:
    seconds = [pushes.first_second(case, 4) for case in range(5)]
    assert all(abs(later - earlier - 259_200) <= 1 for earlier, later in pairwise(seconds))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(PermanentError, match=r"expected recommend, .*found sorting"):
        run.bench(["sorting"], 1.0, 1, 1_000, None)


def test_too_few_deliveries_are_refused() -> None:
    with pytest.raises(PermanentError, match="--deliveries"):
        run.bench(["exactly-once"], 1.0, 1, 10, None)


SMALL = Scale(1_000, days=14, crowd=0)


@pytest.fixture(scope="module")
def deliveries() -> Deliveries:
    return make_deliveries(SMALL)


@pytest.fixture
def states(deliveries: Deliveries) -> dict[str, bytes]:
    """What a flawless run leaves behind."""
    people = by_person(deliveries.events).items()
    return {person: in_order(list(map(deliveries.event, places)), TERMS, SETTINGS).state for person, places in people}


def judged(deliveries: Deliveries, states: dict[str, bytes], folder: Path) -> Verdict:
    """After a run in which each event's first delivery was applied."""
    acks, seen = folder / "acks", set[int]()
    with acks.open("w") as lines:
        for number, place in enumerate(deliveries.order):
            lines.write(f"{number} {'duplicate' if place in seen else 'applied'}\n")
            seen.add(place)
    return judge(deliveries, Run(acks, [], refused=0, killed=0, seconds=1.0), states)


def test_deliveries_are_repeated_and_late(deliveries: Deliveries) -> None:
    assert len(deliveries.order) == 1_000
    assert sorted(set(deliveries.order)) == list(range(700))
    times = [deliveries.event(place).occurred_at for place in deliveries.order]
    assert max(before - after for before, after in pairwise(times)) > timedelta(days=3)
    assert all(max(times[:number]) - at <= timedelta(days=7) for number, at in enumerate(times) if number)
    assert deliveries == make_deliveries(SMALL)


def test_a_flawless_run_is_found_to_be_one(deliveries: Deliveries, states: dict[str, bytes], tmp_path: Path) -> None:
    verdict = judged(deliveries, states, tmp_path)
    assert problems(verdict, 1_000) == []
    assert verdict.identical == verdict.right == verdict.people == len(states) > 10
    assert verdict.outcomes == {"applied": 700, "duplicate": 300}
    assert problems(verdict, 1_001) == ["1,001 deliveries came to {'applied': 700, 'duplicate': 300}"]


@pytest.mark.parametrize(("copies", "lost", "doubled"), [(0, 1, 0), (2, 0, 1)])
def test_one_event_too_few_or_too_many_is_found(
    copies: int, lost: int, doubled: int, deliveries: Deliveries, states: dict[str, bytes], tmp_path: Path
) -> None:
    person, places = max(by_person(deliveries.events).items(), key=lambda entry: len(entry[1]))
    first, *others = map(deliveries.event, places)
    again = [msgspec.structs.replace(first, event_id=f"again-{number}") for number in range(copies)]
    states[person] = encode_profile(fold_all([*again, *others], TERMS, SETTINGS))
    verdict = judged(deliveries, states, tmp_path)
    assert (verdict.lost, verdict.doubled) == (lost, doubled)
    assert verdict.identical == verdict.people - 1
    assert len(problems(verdict, 1_000)) == 1


def test_what_is_left_with_a_device_is_found(deliveries: Deliveries, states: dict[str, bytes], tmp_path: Path) -> None:
    states["a:elsewhere"] = in_order([deliveries.event(0)], TERMS, SETTINGS).state
    assert judged(deliveries, states, tmp_path).leftovers == 1


def test_the_formula_agrees_with_the_fold_above_its_bounds() -> None:
    """Of the people who share an account, in order: nobody is late."""
    crowd = make_deliveries(Scale(3_000, days=14, crowd=60))
    places = max(by_person(crowd.events).values(), key=lambda places: len(places))
    events = [crowd.event(place) for place in places]
    assert len(events) > 1_000
    profile = fold_all(events, TERMS, SETTINGS)
    assert totals_in(profile, TERMS) == totals_of(events, TERMS)
    assert Counter(profile.counts).total() == len(events)
    assert not in_order(events, TERMS, SETTINGS).is_below


def test_a_document_is_as_large_as_firestore_counts() -> None:
    """The example of https://cloud.google.com/firestore/docs/storage-size, under a shorter name."""
    fields = {"type": "Personal", "done": False, "priority": 1, "description": "Learn Cloud Firestore"}
    assert stored_bytes("ann", fields) == 32 + len("profiles") + 1 + len("ann") + 1 + 16 + 71


def test_percentiles_of_probes() -> None:
    probes = [Probe(collect_ms=1.0, lag_ms=float(lag), ask_ms=1.0, asked=1) for lag in range(101)]
    assert (lag_ms(probes, 50), lag_ms(probes, 95)) == (50.0, 95.0)
