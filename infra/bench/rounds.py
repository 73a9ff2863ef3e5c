"""Rounds: every variant in every case, one after the other, again and again, so that noise meets all of them alike."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from infra.bench.figures import Grid, Value, median, ratio
from infra.bench.load import Load, run_wrk
from infra.bench.session import Session

Case = tuple[str, int]
"""What is asked for, and over how many connections."""

Arguments = Callable[[Case], Sequence[str]]
"""What a script is told for its next run."""

WARM_S = 1.0
WARM_CONNECTIONS = 4


class Variant(NamedTuple):
    """One server under one script."""

    name: str
    port: int
    script: str
    arguments: Arguments


Samples = dict[tuple[Case, str], list[Load]]


def warm(variants: Sequence[Variant], case: Case) -> None:
    """Let every server, and the emulators behind it, have run before anything counts."""
    for variant in variants:
        run_wrk(variant.port, variant.script, variant.arguments(case), WARM_CONNECTIONS, WARM_S)


def one_round(
    session: Session, variants: Sequence[Variant], cases: Sequence[Case], samples: Samples, is_steady: bool = False
) -> None:
    """Measure every variant once in every case; steady: each after a second of the same, for what it has forgotten."""
    for case in cases:
        for variant in variants:
            if is_steady:
                run_wrk(variant.port, variant.script, variant.arguments(case), case[1], WARM_S)
            load = run_wrk(variant.port, variant.script, variant.arguments(case), case[1], session.seconds)
            samples.setdefault((case, variant.name), []).append(load)
            session.steps.step()


def grid(title: str, samples: Samples, floor: str, usual: str) -> Grid:
    """Medians of every cell, and the ratios to the floor and to the usual way."""
    columns = ("connections", "events of", "variant", "req/s", "p50 ms", "p90 ms", "p99 ms", "failed", "late")
    ratios = ("p50 × floor", "req/s × floor", "req/s × usual")
    rows = []
    for (case, name), loads in samples.items():
        by_name = {other: samples[case, other] for other in (name, floor, usual)}
        rows.append(_row(case, name, loads) + _ratios(by_name, name, floor, usual))
    kept = [
        index for index, column in enumerate(columns + ratios) if column != "events of" or any(row[1] for row in rows)
    ]
    return Grid(title, [(columns + ratios)[index] for index in kept], [[row[index] for index in kept] for row in rows])


def _row(case: Case, name: str, loads: Sequence[Load]) -> list[Value]:
    what, connections = case
    middle = [
        median([getattr(load, field) for load in loads]) for field in ("requests_s", "p50_ms", "p90_ms", "p99_ms")
    ]
    return [connections, what, name, *middle, sum(load.bad for load in loads), sum(load.late for load in loads)]


def _ratios(samples: Mapping[str, Sequence[Load]], name: str, floor: str, usual: str) -> list[Value]:
    rates = {other: [load.requests_s for load in loads] for other, loads in samples.items()}
    p50s = {other: [load.p50_ms for load in loads] for other, loads in samples.items()}
    return [ratio(p50s[name], p50s[floor]), ratio(rates[name], rates[floor]), ratio(rates[name], rates[usual])]
