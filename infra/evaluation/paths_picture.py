"""The picture of a paths' evaluation: every way of foretelling under every metric, facet by facet."""

from collections.abc import Iterator
from math import isnan

from infra.evaluation.drawing import CHARACTER, box, dot, folded, line, picture, words
from infra.evaluation.paths_report import MEANINGS, PERPLEXITY, PathsReport
from infra.evaluation.picture import Panel
from infra.evaluation.table import short
from infra.evaluation.whiskers import grid, nice
from shared.models.paths import Facet
from training.bootstrap import Estimate
from training.paths.foretell import SERVED
from training.paths.measure import HITS, Measured

WIDTH, MARGIN, TOP = 1_000.0, 28.0, 84.0
ROW, HEAD, FOOT, GAP, NUMBER = 26.0, 74.0, 40.0, 26.0, 46.0
BASELINES = ("most popular", "repeat last")


def draw(report: PathsReport) -> str:
    """As SVG: a band for each facet; of perplexity less is better."""
    title = f"Paths, {report.input}"
    about = f"split {report.split}: {report.events:,} events; means, and intervals of 95 % over people"
    shapes = [words(MARGIN, 34, title, "title"), words(MARGIN, 60, about, "dim")]
    y = TOP
    for facet, learned in report.facets.items():
        if learned.measured:
            shapes += _band(facet, learned.visits, learned.measured, y)
            y += HEAD + ROW * len(learned.measured.models) + FOOT
    for told in folded(report.licence or "", WIDTH - 2 * MARGIN):
        shapes.append(words(MARGIN, y, told, "small"))
    return picture(WIDTH, y + 20, shapes, title)


def _band(facet: Facet, visits: int, measured: Measured, top: float) -> Iterator[str]:
    names = list(measured.models)
    counted = f"{visits:,} visits counted, {measured.steps:,} later steps of {measured.people:,} people foretold"
    yield words(MARGIN, top + 12, f"{facet}: {MEANINGS[facet]}", "head")
    yield words(MARGIN, top + 33, counted, "dim")
    first, last = top + HEAD, top + HEAD + ROW * len(names)
    yield box(MARGIN - 10, first + ROW * names.index(SERVED), WIDTH - 2 * MARGIN + 20, ROW, "band", round_by=5)
    left = MARGIN + max(map(len, names)) * CHARACTER + 14
    for panel in _panels(measured, left):
        better = " (less is better)" if panel.title == PERPLEXITY else ""
        yield words(panel.left, top + 57, panel.title + better, "head")
        for value in grid(panel.end):
            yield line(panel.x(value), first, panel.x(value), last)
            yield words(panel.x(value), last + 13, f"{value:g}", "small number", "middle")
        for row, name in enumerate(names):
            found = _of(measured, name, panel.title)
            yield from _cell(panel, found, name, first + ROW * (row + 0.5))
    for row, name in enumerate(names):
        yield words(MARGIN, first + ROW * (row + 0.5), name, "accent" if name == SERVED else "")


def _panels(measured: Measured, left: float) -> Iterator[Panel]:
    titles = [*HITS, PERPLEXITY]
    width = (WIDTH - MARGIN - left + GAP) / len(titles) - NUMBER - GAP
    for title in titles:
        told = (_of(measured, name, title) for name in measured.models)
        yield Panel(title, left, width, nice(max(found.high for found in told if not isnan(found.high))))
        left += width + NUMBER + GAP


def _of(measured: Measured, name: str, title: str) -> Estimate:
    return measured.perplexity[name] if title == PERPLEXITY else measured.models[name][title]


def _cell(panel: Panel, found: Estimate, name: str, y: float) -> Iterator[str]:
    colour = "first" if name == SERVED else "other" if name in BASELINES else "ink"
    number = f"{found.value:.1f}" if found.value >= 10 else short(found.value)
    yield words(panel.left + panel.width + NUMBER, y, number, "number accent" if name == SERVED else "number", "end")
    if not isnan(found.value):
        yield line(panel.x(found.low), y, panel.x(found.high), y, colour, 2)
        yield dot(panel.x(found.value), y, 4.5, colour)
