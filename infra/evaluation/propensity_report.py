"""What an evaluation of propensities comes to: as JSON has it, and as it is printed."""

from collections.abc import Iterator
from math import isnan
from typing import TypedDict

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.evaluation.propensity_curves import gained

TITLES = {
    "roc_auc": "ROC-AUC",
    "average_precision": "avg. prec.",
    "brier": "Brier",
    "log_loss": "log loss",
    "calibration_error": "calib. err.",
}
LOWER_IS_BETTER = ("brier", "log_loss", "calibration_error")
NAMES = {
    "logistic": "logistic regression",
    "tree": "decision tree",
    "boosted": "gradient boosting",
    "rfm": "recency, frequency, monetary value",
    "base": "base rate",
}
SHORT = {"base": "base rate", "rfm": "RFM"}
TOPS = (0.05, 0.1, 0.2, 0.5)
WIDTH = 40
"""Of the picture of the calibration curve, in characters."""


class Driven(msgspec.Struct, frozen=True):
    """A column, its sign, and by how much it moves the log-odds of a row either way, on average."""

    feature: str
    sign: str
    strength: float


class Judged(TypedDict):
    """What a table's judgement found; see `PropensityReport`."""

    judged: int
    published: dict[str, int]
    figures: dict[str, dict[str, dict[str, float]]]
    curve: list[tuple[float, float, int]]
    drivers: list[Driven]
    learner: dict[str, object]
    suspects: list[str]
    roc: dict[str, list[tuple[float, float]]]
    gains: dict[str, list[tuple[float, float]]]


class PropensityReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found.

    Attributes:
        share: of the rows that have the positive label.
        dropped: columns not used, with reasons.
        judged: rows.
        published: how often each learner was the better calibrated.
        figures: by model, by metric: value, low and high. `published` is the better calibrated of each part.
        curve: of `published`: mean probability, share that had the label, rows.
        drivers: of the model of all rows.
        learner: what was chosen for that model.
        suspects: columns that tell the label by themselves, as if they knew it.
        roc: by model, by falling threshold: share above it of those without the label, and of those with it.
        gains: by model, by falling threshold: share above it of all rows, and of those with the label.
        unlabelled: rows left out because their label is missing.
    """

    table: str
    label: str
    rows: int
    share: float
    dropped: dict[str, str]
    split: str
    judged: int
    published: dict[str, int]
    figures: dict[str, dict[str, dict[str, float]]]
    curve: list[tuple[float, float, int]]
    drivers: list[Driven]
    learner: dict[str, object]
    suspects: list[str]
    roc: dict[str, list[tuple[float, float]]]
    gains: dict[str, list[tuple[float, float]]]
    unlabelled: int
    seconds: float


def show(report: PropensityReport, console: Console) -> None:
    """The table of models, the calibration curve, the drivers, and in words what they are of."""
    console.print(f"\nPropensity, {report.label}, {report.table}", style="bold", highlight=False)
    console.print(_models(report))
    console.print("Calibration of the published model: ● said, ○ happened", highlight=False)
    console.print(_curve(report))
    console.print(_gains(report), highlight=False)
    console.print("Strongest drivers of the model of all rows, by effect on the log-odds", highlight=False)
    console.print(_drivers(report))
    for line in _remarks(report):
        console.print(line, highlight=False)


def _models(report: PropensityReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for title in TITLES.values():
        table.add_column(title, justify="right", no_wrap=True)
    for model, figures in report.figures.items():
        cells = (_cell(figures[metric], _is_best(report, model, metric)) for metric in TITLES)
        table.add_row(SHORT.get(model, model), *cells)
    return table


def _cell(found: dict[str, float], is_best: bool) -> Text:
    interval = f"\n{digits(found['low'])}–{digits(found['high'])}"
    return Text.assemble((digits(found["value"]), "bold" if is_best else ""), (interval, "dim"))


def digits(value: float) -> str:
    """Four decimals, without the leading zero.

    >>> digits(0.13304), digits(1.0), digits(float("nan"))
    ('.1330', '1.0000', '–')
    """
    return "–" if isnan(value) else f"{value:.4f}".replace("0.", ".", 1) if value < 1 else f"{value:.4f}"


def _is_best(report: PropensityReport, model: str, metric: str) -> bool:
    values = [figures[metric]["value"] for figures in report.figures.values()]
    best = min(values) if metric in LOWER_IS_BETTER else max(values)
    # The base rate is perfectly calibrated and says nothing.
    return model != "base" and report.figures[model][metric]["value"] == best


def _curve(report: PropensityReport) -> Table:
    """A line a bin; its scale goes from 0 to the largest share."""
    table = Table(box=None, pad_edge=False, show_header=True, header_style="dim")
    for title in ("said", "happened", "rows"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("")
    most = max(max(said, happened) for said, happened, _ in report.curve) or 1.0
    for said, happened, rows in report.curve:
        table.add_row(digits(said), digits(happened), f"{rows:,}", _points(said / most, happened / most))
    return table


def _points(said: float, happened: float) -> Text:
    line = ["·"] * (WIDTH + 1)
    line[round(happened * WIDTH)] = "○"
    line[round(said * WIDTH)] = "◉" if round(said * WIDTH) == round(happened * WIDTH) else "●"
    return Text("".join(line))


def _gains(report: PropensityReport) -> str:
    points = report.gains["published"]
    told = (f"{share:.0%} hold {gained(points, share):.0%}" for share in TOPS)
    return f"Of those who did, the likeliest {', '.join(told)}."


def _drivers(report: PropensityReport) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    strongest = max((driver.strength for driver in report.drivers), default=1.0)
    for driver in report.drivers:
        bar = "█" * max(1, round(driver.strength / strongest * WIDTH / 2))
        table.add_row(driver.sign, driver.feature, digits(driver.strength), bar)
    return table


def _remarks(report: PropensityReport) -> Iterator[str]:
    yield "+ the more, the likelier; − the less likely; ± one in some range, the other in another."
    yield f"It is {_settings(report.learner)}."
    yield (
        f"Judged: {report.judged:,} of {report.rows:,} rows; {report.share:.1%} have the label. {report.split}. "
        "All choices are made by cross-validation among the rows learned from."
    )
    parts = sum(report.published.values())
    times = ", ".join(f"{NAMES[name]} {number} of {parts}" for name, number in report.published.items())
    yield (
        f"published: in each part the better calibrated of logistic regression and decision tree ({times}). "
        "Below each figure its 95 % interval: bootstrap over rows. calib. err.: ten bins of as many rows each."
    )
    if "rfm" in report.figures:
        yield "RFM: the share that acted among rows with as many points for recency, frequency, monetary value."
    if report.unlabelled:
        yield f"Not used: {report.unlabelled:,} rows without a label."
    for name, reason in report.dropped.items():
        yield f"Not used: {name or '(no name)'}, {reason}."
    for name in report.suspects:
        yield f"Beware: {name} tells the label by itself; perhaps it was recorded after the fact."
    yield f"{report.seconds:.1f} s"


def _settings(learner: dict[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in learner.items())
