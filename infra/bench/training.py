"""What training costs: our fits beside bare calls of the libraries, and how much of a log comes into Python at all."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.bench.figures import Grid, Result, Value, median, ratio
from infra.bench.fits import FITS, SIDES
from infra.bench.interactions import Size, make_arrays, save
from infra.bench.session import Session
from infra.local.children import ChildError
from infra.local.layout import ROOT

SIZE = Size(1_000_000, 50_000, 10_000)
LARGE = Size(10_000_000, 50_000, 10_000)
MOST_MB = 2_048
COLUMNS = ("fit", "ours s", "bare s", "× bare", "ours MB", "bare MB")
LOG_COLUMNS = ("events", "model or query", "s", "rows into Python", "most MB so far")
NOTES = (
    "bare: implicit's and scikit-learn's own calls with the same parameters on the same prepared arrays.",
    "Propensities: 50,000 people with 12 features; personas 7 of these. Each fit in a process of its own.",
    "From the log: every model by itself, on the embedded warehouse; DuckDB's own memory counts, too.",
    "Rows are of people, of items or of pairs of these, however many events there are.",
)


def bench(session: Session) -> Result:
    """Medians of interleaved runs, each in a process of its own; then whole trainings from the log."""
    folder = session.scratch("training")
    session.steps.begin("training: a million interactions")
    save(make_arrays(SIZE), folder)
    session.steps.begin("training: fits", session.repeats * len(FITS) * len(SIDES))
    times: dict[tuple[str, str], list[float]] = {}
    memory: dict[tuple[str, str], list[float]] = {}
    for _ in range(session.repeats):
        for name in FITS:
            for side in SIDES:
                found = _child("infra.bench.fits", name, side, str(folder))
                times.setdefault((name, side), []).append(found["seconds"])
                memory.setdefault((name, side), []).append(found["rss_mb"])
                session.steps.step()
    rows = [_row(name, times, memory) for name in FITS]
    rows.append(_total(times, memory))
    trained = _log(session, SIZE, "train", folder)
    asked = _log(session, LARGE, "features", folder)
    most = max(float(row[-1] or 0) for row in trained)
    grids = [
        Grid(f"fits of {SIZE.events:,} interactions", COLUMNS, rows),
        Grid("from the log", LOG_COLUMNS, trained + asked),
    ]
    failures = [f"a million interactions took {most:,.0f} MB, promised {MOST_MB:,}"] if most > MOST_MB else []
    return Result(grids, NOTES, failures)


def _row(
    name: str, times: dict[tuple[str, str], list[float]], memory: dict[tuple[str, str], list[float]]
) -> list[Value]:
    ours, bare = ((name, side) for side in SIDES)
    ratios = ratio(times[ours], times[bare])
    return [name, median(times[ours]), median(times[bare]), ratios, max(memory[ours]), max(memory[bare])]


def _total(times: dict[tuple[str, str], list[float]], memory: dict[tuple[str, str], list[float]]) -> list[Value]:
    """Everything that is fitted once, in each round."""
    sums = [[sum(part) for part in zip(*(times[name, side] for name in FITS), strict=True)] for side in SIDES]
    most = [max(max(memory[name, side]) for name in FITS) for side in SIDES]
    return ["all of them", *map(median, sums), ratio(*sums), *most]


def _log(session: Session, size: Size, what: str, folder: Path) -> list[list[Value]]:
    """A log of this size is made, and trained on or asked for features; a row a model or query."""
    session.steps.begin(f"training: a log of {size.events:,} events")
    file = folder / f"{size.events}.duckdb"
    _run("infra.bench.from_log", "make", *map(str, size), str(file))
    found = _child("infra.bench.from_log", what, str(file))
    file.unlink()
    return [[size.events, name, seconds, int(rows), peak_mb] for name, (seconds, rows, peak_mb) in found.items()]


def _child(module: str, *arguments: str) -> dict[str, Any]:
    """What the module prints as JSON."""
    printed: dict[str, Any] = json.loads(_run(module, *arguments).splitlines()[-1])
    return printed


def _run(module: str, *arguments: str) -> str:
    """What the module prints. Raises ChildError with its last words if it fails."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise ChildError(f"{module} {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2_000:]}")
    return done.stdout
