"""The figures as a person reads them."""

from collections.abc import Iterator, Mapping
from math import isnan

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from infra.evaluation.figures import DECISIVE, METRICS, SERVED, Section
from infra.evaluation.pairs import Pair, ahead_of
from infra.evaluation.predict import Protocol
from infra.evaluation.sampled import NEGATIVES
from infra.evaluation.whiskers import Whiskers
from training.bootstrap import Estimate

MEANINGS: Mapping[Protocol, str] = {
    "all": "every next item counts, also one that the person has met before",
    "novel": "only next items that are new to the person; what they have met is taken off every list",
    "sampled": f"for comparison with papers only: the next item among {NEGATIVES} others drawn by chance",
}
MOST_FOLDS = 9
"""More do not fit beside each other."""

SIGNS = {1: ("▲", "green"), -1: ("▼", "red"), 0: ("·", "dim")}


def render(sections: Mapping[Protocol, Section]) -> Group:
    """Of each protocol the figures; of those that rank the whole catalogue also a drawing, and who beats whom."""
    parts: list[RenderableType] = []
    for protocol, section in sections.items():
        if section.models:
            parts += _render(protocol, section)
    return Group(*parts)


def _render(protocol: Protocol, section: Section) -> Iterator[RenderableType]:
    yield Text.assemble("\n", (protocol, "bold"), f": {MEANINGS[protocol]}")
    yield Text(f"{section.predictions:,} predictions, {section.people:,} people", "dim")
    yield _figures(section, beyond=protocol != "sampled")
    if protocol == "sampled":
        return
    yield Text()
    yield Whiskers({name: each.accuracy for name, each in section.models.items() if each.folds[DECISIVE]}, SERVED)
    if section.pairs:
        yield Text.assemble(
            "\n", f"{DECISIVE}: ", ("▲", "green"), " the row's model is better, ", ("▼", "red"), " the column's,"
        )
        yield Text("· not told apart (95 %, paired)")
        yield _pairs(section)
    if 1 < len(next(iter(section.models.values())).folds[DECISIVE]) <= MOST_FOLDS:
        yield Text(f"\n{DECISIVE}, fold by fold")
        yield _folds(section)


def _figures(section: Section, beyond: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True)
    for title in (*(f"{metric} (95 %)" for metric in METRICS), *(("cover", "met", "bits") if beyond else ())):
        table.add_column(title, justify="right", no_wrap=True)
    for name, figures in section.models.items():
        cells = (
            Text.assemble(
                (short(found.value), "bold" if _is_best(metric, found, section) else ""), (_interval(found), "dim")
            )
            for metric, found in figures.accuracy.items()
        )
        rest = (short(figures.coverage), short(figures.repetition), _bits(figures.novelty)) if beyond else ()
        table.add_row(Text(name, "bold" if name == SERVED else ""), *cells, *rest)
    return table


def _pairs(section: Section) -> Table:
    """How far each model is from the served one, and who is better than whom; models are numbered."""
    names = list(dict.fromkeys(name for pair in section.pairs for name in (pair.model, pair.other)))
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for title, side in (("", "right"), ("", "left"), (f"less {SERVED}", "left")):
        table.add_column(title, justify="right" if side == "right" else "left", no_wrap=True)
    for number in range(1, len(names) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    for number, name in enumerate(names, 1):
        own = ahead_of(section.pairs, DECISIVE, name, SERVED)
        signs = (_sign(ahead_of(section.pairs, DECISIVE, name, other)) for other in names)
        table.add_row(Text(str(number), "dim"), name, _difference(own), *signs)
    return table


def _difference(pair: Pair | None) -> str:
    if pair is None:
        return ""
    return f"{signed(pair.ahead.value)} {signed(pair.ahead.low)} to {signed(pair.ahead.high)}"


def _sign(pair: Pair | None) -> Text:
    return Text(" ") if pair is None else Text(*SIGNS[pair.sign])


def _folds(section: Section) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True)
    for number in range(1, len(next(iter(section.models.values())).folds[DECISIVE]) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    for name, figures in section.models.items():
        if figures.folds[DECISIVE]:
            table.add_row(name, *map(short, figures.folds[DECISIVE]))
    return table


def short(value: float) -> str:
    """Four characters: three decimals, without the leading zero.

    >>> short(0.3741), short(1.0), short(float("nan"))
    ('.374', '1.00', '–')
    """
    if isnan(value):
        return "–"
    return f"{value:.3f}"[1:] if value < 0.9995 else f"{value:.2f}"


def signed(value: float) -> str:
    """The same with its sign.

    >>> signed(0.0123), signed(-0.05)
    ('+.012', '−.050')
    """
    return ("−" if value < 0 else "+") + short(abs(value))


def _interval(found: Estimate) -> str:
    return f"{'':10}" if isnan(found.low) else f" {short(found.low)}–{short(found.high)}"


def _bits(value: float) -> str:
    return "–" if isnan(value) else f"{value:.1f}"


def _is_best(metric: str, found: Estimate, section: Section) -> bool:
    values = [each.accuracy[metric].value for each in section.models.values()]
    return found.value == max((value for value in values if not isnan(value)), default=None)
