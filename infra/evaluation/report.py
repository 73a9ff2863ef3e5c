"""What an evaluation comes to: as JSON has it, and as it is printed."""

from collections.abc import Iterator, Mapping

import msgspec
from rich.console import Console

from infra.evaluation.judge import Judgement
from infra.evaluation.rankers import N
from infra.evaluation.steps import Repeats
from infra.evaluation.table import render

COUNTED: Mapping[Repeats, str] = {"collapse": "once", "keep": "each time"}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found.

    Attributes:
        events: that collect would take; not those that it would refuse, nor those that came again.
        left_out: next items that are not predicted because training knows too little.
        possible: predictions that the split allows; `predictions` of them were made.
    """

    input: str
    licence: str | None
    events: int
    refused: int
    repeated: int
    split: str
    rule: str
    repeats: Repeats
    training_events: int
    catalogue: int
    left_out: int
    possible: int
    predictions: int
    judgement: Judgement
    seconds: float


def show(report: Report, console: Console) -> None:
    """The table, and in words what it is a table of."""
    console.print(f"\nRanking, {report.input}, split {report.split}", style="bold", highlight=False)
    console.print(render(report.judgement.protocols))
    for line in (*_remarks(report), f"{report.seconds:.1f} s"):
        console.print(line, highlight=False)


def _remarks(report: Report) -> Iterator[str]:
    yield f"Split: {report.rule}."
    yield (
        "Prediction: the next item from everything the person did before it; an item met several times in a row counts "
        f"{COUNTED[report.repeats]}. {report.left_out:,} next items are left out: training has never seen them, or "
        "nothing before them."
    )
    if report.predictions < report.possible:
        yield f"Sample: {report.predictions:,} of {report.possible:,} predictions, of people drawn by chance (seeded)."
    yield (
        f"Ranking: the whole catalogue of {report.catalogue:,} items, none sampled; lists of {N}. Intervals: bootstrap "
        "over people. cover: share of the catalogue shown to anybody. met: share of what is shown that the person "
        "had met before; recommend decides by itself whether to show such items."
    )
    if report.refused or report.repeated:
        yield f"Not used: {report.refused:,} events that collect would refuse, {report.repeated:,} that came again."
    for name, model in report.judgement.trained.items():
        if model["status"] != "published":
            yield f"{name}: not trained, {model['reason']}"
    if report.licence:
        yield report.licence
