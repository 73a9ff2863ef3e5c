"""`evaluate paths`: where later visits go and whether they convert, told by chains counted from earlier ones."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import msgspec
from rich.console import Console

from infra.evaluation.fit import find_training, open_warehouse
from infra.evaluation.log import Log, read_log
from infra.evaluation.paths_picture import draw
from infra.evaluation.paths_report import Learned, PathsReport, show
from infra.evaluation.progress import progress
from infra.local.inputs import open_input
from shared import wiring
from shared.errors import PermanentError, Problem
from shared.models.paths import Facet
from shared.profiles.profile import to_ms
from shared.settings import Settings
from shared.stores.ports import Warehouse

EXPECTED = "sessions:SHARE (0 < SHARE < 1) or days:NUMBER"
MOST_DAYS = 100_000
MOST_STEPS = 5_000
"""Of more later steps in a facet, those of people drawn by a hash."""


def evaluate_paths(input_spec: str, split_spec: str, json_file: str | None, svg_file: str | None = None) -> int:
    """Print the comparison; with `json_file`, write it as data as well, with `svg_file` draw it."""
    report = evaluate(input_spec, split_spec)
    show(report, Console())
    if json_file:
        Path(json_file).write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    if svg_file:
        Path(svg_file).write_text(draw(report), encoding="utf-8")
    return 0


def evaluate(input_spec: str, split_spec: str, most: int = MOST_STEPS) -> PathsReport:
    """Count the visits that ended before the edge, and foretell those that begin after it.

    Raises PermanentError if there is nothing to foretell.
    """
    started, settings = monotonic(), wiring.settings()
    name, number = _parse(split_spec)
    source = open_input(input_spec)
    with progress() as bar, tempfile.TemporaryDirectory(prefix="attune-") as folder:
        task = bar.add_task("reading", total=None)
        log = read_log(source, wiring.clock(), settings)
        bar.update(task, description="counting, then foretelling")
        with open_warehouse(Path(folder) / "warehouse.duckdb", log.events) as warehouse:
            learned, edge = _judge(warehouse, log, settings, name, number, most)
    if not any(each.measured for each in learned.values()):
        found = f"{len(log.events):,} events, no visit after {edge:%Y-%m-%d %H:%M} that those before it know"
        raise PermanentError("nothing to predict", (Problem("input", f"events that {EXPECTED} divides", found),))
    return PathsReport(
        input=source.name,
        licence=source.licence,
        events=len(log.events),
        refused=log.refused,
        repeated=log.repeated,
        split=split_spec,
        edge=edge,
        facets=learned,
        seconds=round(monotonic() - started, 1),
    )


def _judge(
    warehouse: Warehouse, log: Log, settings: Settings, name: str, number: float, most: int
) -> tuple[dict[Facet, Learned], datetime]:
    find_training()
    from training.paths.chances import chances_of
    from training.paths.counts import path_terms, read_chains, read_goals
    from training.paths.foretell import read_steps
    from training.paths.measure import measure
    from training.queries import select
    from training.tables import write_kinds

    if not log.events:
        return {}, datetime.now(UTC)
    write_kinds(warehouse, settings)
    last = log.events[-1].occurred_at
    end = last + settings.session_gap + timedelta(seconds=1)  # the log is at its end, and so are its visits
    values = path_terms(end, settings, read_goals(warehouse, end, settings))
    edge_ms = to_ms(last - timedelta(days=number)) if name == "days" else None
    if edge_ms is None:
        [row] = select(warehouse, "path_edge", {**values, "share": number}).to_pylist()
        edge_ms = row["edge_ms"] or to_ms(end)
    edge = datetime.fromtimestamp(edge_ms / 1_000, UTC)
    goals = read_goals(warehouse, edge, settings)
    values |= {"conversions": goals, "known_ms": edge_ms - 1, "most": most}
    chains, steps = read_chains(warehouse, values), read_steps(warehouse, values)
    return {
        facet: Learned(
            chain.visits,
            chain.converted,
            goals,
            len(chain.states),
            measure(msgspec.structs.replace(chain, chances=chances_of(chain)), steps.get(facet, [])),
        )
        for facet, chain in chains.items()
    }, edge


def _parse(spec: str) -> tuple[str, float]:
    name, _, text = spec.partition(":")
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    most = {"sessions": 1.0, "days": float(MOST_DAYS)}.get(name, 0.0)
    if not 0 < number < most:
        raise PermanentError("unknown split", (Problem("split", EXPECTED, spec or "nothing"),))
    return name, number
