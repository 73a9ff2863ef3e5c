"""What an evaluation of paths comes to: as JSON has it, and as it is printed."""

from collections.abc import Iterator
from datetime import datetime
from math import isnan

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.evaluation.propensity_report import TITLES, digits
from infra.evaluation.table import short, signed
from infra.evaluation.whiskers import Whiskers
from shared.models.paths import FACETS, Facet
from training.bootstrap import Estimate
from training.paths.foretell import SERVED
from training.paths.measure import HITS, LIKELIHOOD, Measured

MEANINGS: dict[Facet, str] = {
    "pages": "which page comes next",
    "categories": "which category comes next",
    "kinds": "which kind of act comes next",
}
PERPLEXITY = "perplexity"
FORECASTS = ("roc_auc", "brier", "log_loss", "calibration_error")


class Learned(msgspec.Struct, frozen=True):
    """A facet: the visits counted and how many of them converted, by which kinds of act; states; what it foretold."""

    visits: int
    converted: int
    conversions: list[str]
    states: int
    measured: Measured | None


class PathsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found: visits that ended before the edge were counted, those that began after it foretold."""

    input: str
    licence: str | None
    events: int
    refused: int
    repeated: int
    split: str
    edge: datetime
    facets: dict[Facet, Learned]
    seconds: float


def show(report: PathsReport, console: Console) -> None:
    """For each facet the table, drawn and in numbers, how well conversion is foretold, and in words what they are."""
    console.print(f"\nPaths, {report.input}, split {report.split}", style="bold", highlight=False)
    for facet, learned in report.facets.items():
        if measured := learned.measured:
            console.print(f"\n{facet}: {MEANINGS[facet]}", style="underline", highlight=False)
            console.print(Whiskers({name: _drawn(found) for name, found in measured.models.items()}, SERVED))
            console.print(_models(measured))
            console.print(f"{facet}: {_counted(learned, measured)}", highlight=False)
            if measured.chances:
                console.print(_chances(measured))
    for line in (*_remarks(report), f"{report.seconds:.1f} s"):
        console.print(line, highlight=False)


def _drawn(found: dict[str, Estimate]) -> dict[str, Estimate]:
    return {metric: found[metric] for metric in HITS}


def _models(measured: Measured) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for metric in (*HITS, LIKELIHOOD, PERPLEXITY):
        table.add_column(metric, justify="right", no_wrap=True)
    columns = {
        metric: {name: found[metric] for name, found in measured.models.items()} for metric in (*HITS, LIKELIHOOD)
    }
    columns[PERPLEXITY] = measured.perplexity
    for name in measured.models:
        table.add_row(name, *(_cell(each[name], _is_best(each, name, metric)) for metric, each in columns.items()))
    return table


def _cell(found: Estimate, is_best: bool) -> Text:
    if isnan(found.value):
        return Text("–")
    return Text.assemble(
        (_number(found.value), "bold" if is_best else ""), (f"\n{_number(found.low)} to {_number(found.high)}", "dim")
    )


def _number(value: float) -> str:
    """Three decimals below ten, two above; without the leading zero.

    >>> _number(0.3741), _number(-2.5), _number(14.621)
    ('.374', '−2.50', '14.62')
    """
    told = f"{abs(value):.2f}" if abs(value) >= 10 else short(abs(value))
    return f"−{told}" if value < 0 else told


def _is_best(column: dict[str, Estimate], name: str, metric: str) -> bool:
    values = [found.value for found in column.values() if not isnan(found.value)]
    return column[name].value == (min(values) if metric == PERPLEXITY else max(values))


def _counted(learned: Learned, measured: Measured) -> str:
    others = {name: found[LIKELIHOOD] for name, found in measured.ahead.items() if not isnan(found[LIKELIHOOD].value)}
    rival = min(others, key=lambda name: others[name].value)
    ahead = others[rival]
    return (
        f"counted from {learned.visits:,} visits between {learned.states:,} states, {measured.steps:,} later steps of "
        f"{measured.people:,} people foretold, {measured.going_on:,} of which went on. {SERVED} less {rival}: "
        f"{LIKELIHOOD} {signed(ahead.value)} ({signed(ahead.low)} to {signed(ahead.high)}, paired)."
    )


def _chances(measured: Measured) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("converts?", no_wrap=True)
    for metric in FORECASTS:
        table.add_column(TITLES[metric], justify="right", no_wrap=True)
    for name, figures in measured.chances.items():
        cells = (figures[metric] for metric in FORECASTS)
        table.add_row(
            name,
            *(
                Text.assemble(digits(each["value"]), (f"\n{digits(each['low'])}–{digits(each['high'])}", "dim"))
                for each in cells
            ),
        )
    return table


def _remarks(report: PathsReport) -> Iterator[str]:
    yield (
        f"Split: counted from visits that ended before {report.edge:%Y-%m-%d %H:%M:%S} UTC, foretold those that began "
        "after it. A state met several times in a row is one step; a visit ends with silence or its first conversion."
    )
    yield (
        "hit@n: of the steps that led to another state, those among the n likeliest states. log-likelihood and "
        "perplexity: of what came next, leaving and converting included. Intervals: bootstrap over people. "
        "interpolated is what is served; first and second order stand alone, with 1 % for what they have never seen; "
        "repeat last goes back to what the visit has met, the latest first."
    )
    conversions = sorted({kind for each in report.facets.values() for kind in each.conversions})
    yield (
        f"Conversion: {' or '.join(conversions)}. two states: the share of the visits at the present state, and "
        "there from the one before it, that converted; absorbing: as the first order itself has it; base rate: the "
        "share of all steps."
    )
    for facet in FACETS:
        if facet not in report.facets:
            yield f"{facet}: none in this input."
        elif report.facets[facet].measured is None:
            yield f"{facet}: nothing to foretell by."
    if report.refused or report.repeated:
        yield f"Not used: {report.refused:,} events that collect would refuse, {report.repeated:,} that came again."
    if report.licence:
        yield report.licence
