"""`evaluate ranking`: the models' full rankings of the catalogue, judged by what people did next."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic

import msgspec
from rich.console import Console

from infra.evaluation.figures import measure
from infra.evaluation.judge import Judged, judge
from infra.evaluation.log import Log, read_log, timelines
from infra.evaluation.picture import draw
from infra.evaluation.predict import Protocol
from infra.evaluation.progress import progress
from infra.evaluation.report import Fold, Judgement, Report, show
from infra.evaluation.split import Prediction, Split, sample
from infra.evaluation.splits import parse_splits
from infra.evaluation.steps import Repeats
from infra.local.inputs import open_input
from shared import wiring
from shared.errors import PermanentError, Problem

PROTOCOLS: Mapping[bool, Sequence[Protocol]] = {False: ("all", "novel", "sampled"), True: ("novel", "sampled")}

MOST_PREDICTIONS = 5_000
"""Of a larger input, the predictions of people drawn by chance: a minute or two, and narrow intervals."""


def evaluate_ranking(
    input_spec: str,
    split_spec: str,
    json_file: str | None,
    repeats: Repeats = "collapse",
    novel: bool = False,
    folds: int = 1,
    picture_file: str | None = None,
) -> int:
    """Print the comparison; with `json_file`, write it as data as well, with `picture_file` draw it."""
    report = evaluate(input_spec, split_spec, repeats=repeats, novel=novel, folds=folds)
    show(report, Console())
    if json_file:
        Path(json_file).write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    if picture_file:
        Path(picture_file).write_text(draw(report), encoding="utf-8")
    return 0


def evaluate(
    input_spec: str,
    split_spec: str,
    most: int = MOST_PREDICTIONS,
    repeats: Repeats = "collapse",
    novel: bool = False,
    folds: int = 1,
) -> Report:
    """Train on one part of the input and predict the other. Raises PermanentError if there is nothing to predict.

    Args:
        repeats: whether an item that is met again at once is to be predicted again.
        novel: look only at next items that are new to the person.
        folds: slices of time that are predicted, each by models of everything before it.
    """
    started, settings = monotonic(), wiring.settings()
    dividing, source = parse_splits(split_spec, folds, repeats), open_input(input_spec)
    found: list[tuple[Split, list[Prediction], Judged]] = []
    with progress() as bar:
        task = bar.add_task("reading", total=None)
        log = read_log(source, wiring.clock(), settings)
        people = timelines(log.events)
        splits = [divide(people, settings.session_gap) for divide in dividing]
        asked = [sample(split.predictions, max(1, most // folds)) for split in splits]
        _check(log, splits)
        bar.update(task, total=sum(map(len, asked)))
        for number, (split, some) in enumerate(zip(splits, asked, strict=True), 1):
            if not some:
                continue
            bar.update(task, description=f"fold {number} of {folds}" if folds > 1 else "training, then predicting")
            with tempfile.TemporaryDirectory(prefix="attune-") as folder:
                judging = judge(split, some, people, Path(folder), settings, lambda: bar.advance(task))
                found.append((split, some, asyncio.run(judging)))
        bar.update(task, description="drawing people")
        rounds = [judged.round for *_, judged in found]
        protocols = {protocol: measure(rounds, protocol) for protocol in PROTOCOLS[novel]}
    told = [_fold(*one) for one in found]
    return Report(
        input=source.name,
        licence=source.licence,
        events=len(log.events),
        refused=log.refused,
        repeated=log.repeated,
        split=split_spec,
        rule=told[-1].rule,
        repeats=repeats,
        training_events=told[-1].training_events,
        catalogue=told[-1].catalogue,
        left_out=sum(split.left_out for split in splits),
        possible=sum(fold.possible for fold in told),
        predictions=sum(fold.predictions for fold in told),
        folds=told,
        judgement=Judgement(told[-1].trained, protocols),
        seconds=round(monotonic() - started, 1),
    )


def _fold(split: Split, asked: Sequence[Prediction], judged: Judged) -> Fold:
    return Fold(
        rule=split.rule,
        training_events=len(split.train),
        catalogue=len(split.catalogue),
        left_out=split.left_out,
        possible=len(split.predictions),
        predictions=len(asked),
        trained=judged.trained,
    )


def _check(log: Log, splits: Sequence[Split]) -> None:
    """Raises PermanentError, which says what to do, if there is nothing to predict."""
    if any(split.predictions for split in splits):
        return
    last = splits[-1]
    if not log.events:
        expected, found = "events that collect would take", f"none; it would refuse {log.refused:,}"
    elif not last.train:
        expected, found = "events before the part to predict: a shorter one, as days:1 or sessions:0.9", "none"
    elif last.left_out:
        expected = "next items that are also among the events to train on: a longer log or a later split"
        found = f"{len(last.train):,} events to train on, {last.left_out:,} next items, none of which they know"
    else:
        expected = "people who go from one item to another: --split leave-last, or --repeats keep"
        found = (
            f"{len(log.events):,} events, {len(last.train):,} of them to train on, and nobody goes on to another item"
        )
    raise PermanentError("nothing to predict", (Problem("input", expected, found),))
