"""The figures as a person reads them."""

from collections.abc import Mapping
from math import isnan

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from infra.evaluation.figures import METRICS, SERVED, Figures, Section
from infra.evaluation.predict import Protocol
from training.bootstrap import Estimate

MEANINGS: Mapping[Protocol, str] = {
    "all": "every next item counts, also one that the person has met before",
    "novel": "only next items that are new to the person; what they have met is taken off every list",
}


def render(sections: Mapping[Protocol, Section]) -> Group:
    """One table with a block of rows for each protocol, best accuracy in bold, and below it how attune compares."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for metric in METRICS:
        table.add_column(f"{metric} (95 %)", justify="right", no_wrap=True)
    table.add_column("cover", justify="right", no_wrap=True)
    table.add_column("met", justify="right", no_wrap=True)
    for protocol, section in sections.items():
        table.add_row(Text(protocol, style="underline"))
        for name, figures in section.models.items():
            best = [_is_best(metric, figures, section) for metric in METRICS]
            table.add_row(name, *_cells(figures, best))
        table.add_section()
    return Group(table, *(Text(_remark(protocol, section)) for protocol, section in sections.items()))


def short(value: float) -> str:
    """Three decimals, without the leading zero.

    >>> short(0.3741), short(1.0), short(float("nan"))
    ('.374', '1.000', '–')
    """
    return "–" if isnan(value) else f"{value:.3f}".replace("0.", ".", 1)


def signed(value: float) -> str:
    """The same with its sign.

    >>> signed(0.0123), signed(-0.05)
    ('+.012', '−.050')
    """
    return ("−" if value < 0 else "+") + short(abs(value))


def _cells(figures: Figures, best: list[bool]) -> list[Text]:
    accuracy = [
        Text.assemble((short(found.value), "bold" if is_best else ""), (f" {_interval(found)}", "dim"))
        for found, is_best in zip(figures.accuracy.values(), best, strict=True)
    ]
    return [*accuracy, Text(short(figures.coverage)), Text(short(figures.repetition))]


def _interval(found: Estimate) -> str:
    return f"{'':9}" if isnan(found.low) else f"{short(found.low)}–{short(found.high)}"


def _is_best(metric: str, figures: Figures, section: Section) -> bool:
    defined = [
        each.accuracy[metric].value for each in section.models.values() if not isnan(each.accuracy[metric].value)
    ]
    return figures.accuracy[metric].value in defined and figures.accuracy[metric].value == max(defined)


def _remark(protocol: Protocol, section: Section) -> str:
    text = f"{protocol}: {MEANINGS[protocol]}. {section.predictions:,} predictions, {section.people:,} people."
    others = {name: each for name, each in section.models.items() if name != SERVED}
    heard = {name: each for name, each in others.items() if not isnan(each.coverage)}
    if not heard:
        return text
    metric = next(iter(METRICS))
    rival = max(heard, key=lambda name: heard[name].accuracy[metric].value)
    ahead = heard[rival].behind[metric]
    interval = f"{signed(ahead.low)} to {signed(ahead.high)}"
    return f"{text} {SERVED} less {rival}: {metric} {signed(ahead.value)} ({interval}, paired)."
