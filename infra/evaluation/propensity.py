"""`evaluate propensity`: the learners of retrain on any table of people, judged on rows they have not seen."""

from pathlib import Path
from time import monotonic

import msgspec
from rich.console import Console

from infra.evaluation.fit import find_training
from infra.evaluation.progress import progress
from infra.evaluation.propensity_picture import draw
from infra.evaluation.propensity_report import PropensityReport, show
from infra.evaluation.propensity_table import read_table
from shared.errors import PermanentError, Problem

FOLDS = 10


def evaluate_propensity(
    table: str | None,
    label: str | None,
    positive: str | None,
    folds: int | None,
    test_share: float | None,
    test_where: str | None,
    json_file: str | None,
    picture_file: str | None = None,
) -> int:
    """Print the comparison; with `json_file`, write it as data as well, with `picture_file` draw it."""
    if not table or not label:
        missing = "--table" if not table else "--label"
        raise PermanentError("nothing to judge", (Problem(missing, "a CSV file and its column to predict", "nothing"),))
    report = evaluate(table, label, positive, folds, test_share, test_where)
    show(report, Console())
    if json_file:
        Path(json_file).write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    if picture_file:
        Path(picture_file).write_text(draw(report), encoding="utf-8")
    return 0


def evaluate(
    path: str,
    label: str,
    positive: str | None = None,
    folds: int | None = None,
    test_share: float | None = None,
    test_where: str | None = None,
) -> PropensityReport:
    """Learn from parts of the table and judge on the rest. Raises PermanentError if there is nothing to learn.

    Args:
        folds: each judged by a model of the others, 10 unless something else is asked for.
        test_share: this share, drawn by chance, is judged by a model of the rest.
        test_where: COLUMN=VALUE; rows that have it are judged by a model of the others. The column is not learned from.
    """
    find_training()
    from infra.evaluation.propensity_judge import divide, judge_table

    started = monotonic()
    beside, _, wanted = (test_where or "").partition("=")
    table = read_table(path, label, positive, beside or None)
    plan = divide(table, FOLDS if folds is None else folds, test_share, wanted)
    with progress() as bar:
        task = bar.add_task("learning", total=len(plan.parts))
        judged = judge_table(table, plan, lambda: bar.advance(task))
    return PropensityReport(
        table=path,
        label=f"{label} = {table.positive}",
        rows=len(table.labels),
        share=float(table.labels.mean()),
        dropped=table.dropped,
        unlabelled=table.unlabelled,
        split=plan.rule,
        **judged,
        seconds=round(monotonic() - started, 1),
    )
