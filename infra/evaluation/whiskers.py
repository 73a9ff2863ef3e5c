"""Means with their intervals, drawn in characters: a row a model, metrics side by side on scales of their own."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, isnan, log10

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from training.bootstrap import Estimate

LEAST, MOST = 16, 44
"""Characters for a metric; in between as many as there is room for."""

STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


class Whiskers:
    """A renderable: a row a model, a column a metric.

    Args:
        models: by name and metric.
        accent: the model to be seen first.
    """

    def __init__(self, models: Mapping[str, Mapping[str, Estimate]], accent: str) -> None:
        self._models = models
        self._accent = accent

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        names = max(map(len, self._models), default=0)
        metrics = list(next(iter(self._models.values()), {}))
        room = (options.max_width - names) // max(1, len(metrics)) - 2
        width = max(LEAST, min(MOST, room))
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("", no_wrap=True)
        ends = [nice(max(_end(found[metric]) for found in self._models.values())) for metric in metrics]
        for metric, end in zip(metrics, ends, strict=True):
            table.add_column(_head(metric, end, width), no_wrap=True)
        for name, found in self._models.items():
            style = "bold" if name == self._accent else ""
            strips = (strip(found[metric], end, width) for metric, end in zip(metrics, ends, strict=True))
            table.add_row(Text(name, style), *(Text(text, style or "default") for text in strips))
        yield table


def strip(found: Estimate, end: float, width: int) -> str:
    """A line of so many characters from 0 to `end`: the interval, and in it the mean. Blank if there is none.

    >>> strip(Estimate(0.5, 0.25, 0.75), 1.0, 9)
    '  ├─●─┤  '
    >>> strip(Estimate(0.5, float("nan"), float("nan")), 1.0, 9)
    '    ●    '
    """
    line = [" "] * width
    if isnan(found.value):
        return "".join(line)

    def place(value: float) -> int:
        return max(0, min(width - 1, round(value / end * (width - 1))))

    if not isnan(found.low):
        low, high = place(found.low), place(found.high)
        line[low : high + 1] = "─" * (high - low + 1)
        line[low], line[high] = "├", "┤"
    line[place(found.value)] = "●"
    return "".join(line)


def nice(value: float) -> float:
    """The least round number that is not below the value; 1 for nought.

    >>> nice(0.473), nice(0.0521), nice(7), nice(0.0)
    (0.5, 0.06, 8.0, 1.0)
    """
    if not value > 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return round(next(step for step in STEPS if value <= step * power * (1 + 1e-9)) * power, 12)


def grid(end: float, most: int = 5) -> Sequence[float]:
    """Round places from 0 to the end, at most so many steps apart.

    >>> grid(0.5), grid(0.06, 3)
    ([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], [0.0, 0.02, 0.04, 0.06])
    """
    power = 10.0 ** floor(log10(end))
    for step in (power * part for part in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)):
        count = end / step
        if ceil(round(count, 9)) <= most and abs(count - round(count)) < 1e-9:
            return [round(step * number, 12) for number in range(round(count) + 1)]
    return [0.0, end]


def _end(found: Estimate) -> float:
    return max((value for value in (found.value, found.high) if not isnan(value)), default=0.0)


def _head(metric: str, end: float, width: int) -> str:
    """The metric between the two ends of its scale."""
    last = f"{end:g}".removeprefix("0")
    return f"0 {metric.center(width - 3 - len(last))} {last}"
