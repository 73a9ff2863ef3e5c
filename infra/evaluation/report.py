"""What an evaluation comes to: as JSON has it, and as it is printed."""

from collections.abc import Iterator, Mapping

import msgspec
from rich.console import Console

from infra.evaluation.figures import Section
from infra.evaluation.judge import Trained
from infra.evaluation.predict import Protocol
from infra.evaluation.rankers import N
from infra.evaluation.steps import Repeats
from infra.evaluation.table import render

COUNTED: Mapping[Repeats, str] = {"collapse": "once", "keep": "each time"}


FEW_PEOPLE = 30
"""Of fewer, intervals by drawing people are too narrow."""


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """One slice of time that was predicted by models of what came before it.

    Attributes:
        rule: how it was made, in words.
        left_out: next items that are not predicted because training knows too little.
        possible: predictions that the split allows; `predictions` of them were made.
        trained: what retrain said of each model.
    """

    rule: str
    training_events: int
    catalogue: int
    left_out: int
    possible: int
    predictions: int
    trained: Trained


class Judgement(msgspec.Struct, frozen=True):
    """What retrain said of each model in the last fold, and the figures of all folds by protocol."""

    trained: Trained
    protocols: dict[Protocol, Section]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found.

    Attributes:
        events: that collect would take; not those that it would refuse, nor those that came again.
        rule, training_events, catalogue: of the last fold, which knows most.
        left_out, possible, predictions: of all folds together; see `Fold`.
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
    folds: list[Fold]
    judgement: Judgement
    seconds: float


def show(report: Report, console: Console) -> None:
    """The tables, and in words what they are of."""
    console.print(f"\nRanking, {report.input}, split {report.split}{_rolling(report)}", style="bold", highlight=False)
    console.print(render(report.judgement.protocols), highlight=False)
    console.print()
    for line in (*_remarks(report), f"{report.seconds:.1f} s"):
        console.print(line, highlight=False)


def _rolling(report: Report) -> str:
    return f", {len(report.folds)} folds" if len(report.folds) > 1 else ""


def _remarks(report: Report) -> Iterator[str]:
    last = "Split, of the last fold" if len(report.folds) > 1 else "Split"
    yield f"{last}: {report.rule}."
    if len(report.folds) > 1:
        known = f"{report.folds[0].training_events:,} to {report.training_events:,}"
        yield f"Folds: each slice is predicted by models of everything before it, {known} events."
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
        "had met before; recommend decides by itself whether to show such items. bits: novelty of what is shown, "
        "1 more for each halving of the people who know it."
    )
    people = max(section.people for section in report.judgement.protocols.values())
    if people == 1:
        yield "Beware: one person, so there is nobody else to draw: no intervals."
    elif people < FEW_PEOPLE:
        yield f"Beware: with {people} people the intervals are narrower than they should be."
    if report.refused or report.repeated:
        yield f"Not used: {report.refused:,} events that collect would refuse, {report.repeated:,} that came again."
    for name, reasons in _untrained(report).items():
        yield f"{name}: not trained, {reasons}"
    if report.licence:
        yield report.licence


def _untrained(report: Report) -> dict[str, str]:
    """The models that some fold's training refused, each with the last reason."""
    found = {}
    for number, fold in enumerate(report.folds, 1):
        for name, model in fold.trained.items():
            if model["status"] != "published":
                found[name] = f"{model['reason']}" + (f" (fold {number})" if len(report.folds) > 1 else "")
    return found
