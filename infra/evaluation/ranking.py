"""`evaluate ranking`: the models' full rankings of the catalogue, judged by what people did next."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infra.evaluation.judge import judge
from infra.evaluation.log import read_log, timelines
from infra.evaluation.predict import Protocol
from infra.evaluation.report import Report, show
from infra.evaluation.split import Split, sample
from infra.evaluation.splits import EXPECTED, parse_split
from infra.evaluation.steps import Repeats
from infra.local.inputs import open_input
from shared import wiring
from shared.errors import PermanentError, Problem

PROTOCOLS: Mapping[bool, Sequence[Protocol]] = {False: ("all", "novel"), True: ("novel",)}

MOST_PREDICTIONS = 5_000
"""Of a larger input, the predictions of people drawn by chance: a minute or two, and narrow intervals."""


def evaluate_ranking(
    input_spec: str, split_spec: str, json_file: str | None, repeats: Repeats = "collapse", novel: bool = False
) -> int:
    """Print the comparison; with `json_file`, write it as data as well."""
    report = evaluate(input_spec, split_spec, repeats=repeats, novel=novel)
    show(report, Console())
    if json_file:
        Path(json_file).write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    return 0


def evaluate(
    input_spec: str,
    split_spec: str,
    most: int = MOST_PREDICTIONS,
    repeats: Repeats = "collapse",
    novel: bool = False,
) -> Report:
    """Train on one part of the input and predict the other. Raises PermanentError if there is nothing to predict.

    Args:
        repeats: whether an item that is met again at once is to be predicted again.
        novel: look only at next items that are new to the person.
    """
    started, settings = monotonic(), wiring.settings()
    divide, source = parse_split(split_spec, repeats), open_input(input_spec)
    with _progress() as bar, tempfile.TemporaryDirectory(prefix="attune-") as folder:
        task = bar.add_task("reading", total=None)
        log = read_log(source, wiring.clock(), settings)
        people = timelines(log.events)
        split = _checked(divide(people, settings.session_gap))
        asked = sample(split.predictions, most)
        bar.update(task, description="training, then predicting", total=len(asked))
        judging = judge(split, asked, people, Path(folder), settings, lambda: bar.advance(task), PROTOCOLS[novel])
        judgement = asyncio.run(judging)
    return Report(
        input=source.name,
        licence=source.licence,
        events=len(log.events),
        refused=log.refused,
        repeated=log.repeated,
        split=split_spec,
        rule=split.rule,
        repeats=repeats,
        training_events=len(split.train),
        catalogue=len(split.catalogue),
        left_out=split.left_out,
        possible=len(split.predictions),
        predictions=len(asked),
        judgement=judgement,
        seconds=round(monotonic() - started, 1),
    )


def _checked(split: Split) -> Split:
    if not split.predictions:
        found = f"{len(split.train):,} events to train on, {split.left_out:,} next items, none of which they know"
        raise PermanentError("nothing to predict", (Problem("input", f"events that {EXPECTED} divides", found),))
    return split


def _progress() -> Progress:
    """A bar on a terminal, silence in a pipe."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
