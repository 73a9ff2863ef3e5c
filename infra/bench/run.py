"""Runs the benchmarks that are asked for, prints what they found and writes it as JSON."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from infra.bench import (
    bots,
    budget,
    cache,
    catalogues,
    cold,
    collect,
    exactly_once,
    figures,
    fold,
    freshness,
    machine,
    recommend,
    sizes,
    training,
    update_profile,
)
from infra.bench.load import ensure_wrk
from infra.bench.screen import console, print_result, steps
from infra.bench.session import Session, open_session
from infra.local.emulators import EmulatorMissingError
from shared.errors import PermanentError, Problem

Benchmark = Callable[[Session], figures.Result]

BENCHMARKS: Mapping[str, Benchmark] = {
    "recommend": recommend.bench,
    "catalogues": catalogues.bench,
    "cache": cache.bench,
    "update_profile": update_profile.bench,
    "collect": collect.bench,
    "fold": fold.bench,
    "exactly-once": exactly_once.bench,
    "freshness": freshness.bench,
    "sizes": sizes.bench,
    "bots": bots.bench,
    "training": training.bench,
    "cold": cold.bench,
    "budget": budget.bench,
}
LEAST_DELIVERIES = 1_000
UNDER_LOAD = {"recommend", "catalogues", "update_profile", "collect"}


def bench(names: list[str], seconds: float, repeats: int, deliveries: int, json_file: str | None) -> int:
    """Returns 0, or 1 if a promise did not hold that is not one of speed, or an emulator is missing.

    Raises PermanentError for wrong use.
    """
    chosen = names or list(BENCHMARKS)
    _check(chosen, repeats, deliveries)
    found = machine.describe()
    out = console()
    out.print(machine.line(found))
    results: dict[str, figures.Result] = {}
    begun = time.monotonic()
    try:
        with steps(out) as progress, open_session(seconds, repeats, deliveries, progress) as session:
            for name in chosen:
                results[name] = BENCHMARKS[name](session)
                print_result(out, name, results[name])
    except EmulatorMissingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    out.print(f"\n{time.monotonic() - begun:.0f} s, {repeats} measurements of {seconds:g} s for each cell.")
    _sum_up(out, results)
    if json_file:
        options = {"names": chosen, "seconds": seconds, "repeats": repeats, "deliveries": deliveries}
        Path(json_file).write_text(json.dumps(figures.report(found, results, options), indent=2) + "\n")
    return int(any(result.failures for result in results.values()))


def _sum_up(out: Console, results: Mapping[str, figures.Result]) -> None:
    """How many of the promises that have a number are held, and which are not."""
    made = [(name, promise) for name, result in results.items() for promise in result.promises]
    missed = [(name, promise) for name, promise in made if not promise.is_held]
    if made:
        out.print(f"Promises held: {len(made) - len(missed)} of {len(made)}.")
    for name, promise in missed:
        found = figures.show(promise.found) or "not measured"
        out.print(f"  NOT HELD: {name}: {promise.what}: {found}, promised {promise.promised}", markup=False)


def _check(names: list[str], repeats: int, deliveries: int) -> None:
    for name in names:
        if name not in BENCHMARKS:
            raise PermanentError("unknown benchmark", (Problem("NAME", ", ".join(BENCHMARKS), name),))
    if repeats < 1:
        raise PermanentError("nothing to measure", (Problem("--repeats", "1 or more", str(repeats)),))
    if deliveries < LEAST_DELIVERIES:
        raise PermanentError("nothing to kill writers at", (Problem("--deliveries", "1000 or more", str(deliveries)),))
    if not UNDER_LOAD.isdisjoint(names):
        ensure_wrk()
