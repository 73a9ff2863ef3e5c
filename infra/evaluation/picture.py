"""The picture of a ranking's evaluation: every model's mean and interval under every metric, protocol by protocol."""

from collections.abc import Iterator
from math import isnan

from infra.evaluation.drawing import CHARACTER, box, dot, folded, line, picture, words
from infra.evaluation.figures import METRICS, SERVED, Figures, Section
from infra.evaluation.pairs import ahead_of
from infra.evaluation.predict import Protocol
from infra.evaluation.report import Report
from infra.evaluation.table import MEANINGS, short
from infra.evaluation.whiskers import grid, nice

WIDTH, MARGIN = 1120.0, 28.0
ROW, HEAD, FOOT, BETWEEN = 26.0, 74.0, 30.0, 30.0
NUMBER = 46.0
"""For the value beside a panel."""

GAP = 22.0
TOP = 84.0
BASELINES = ("popularity", "repeat last", "random")


class Panel:
    """One metric: where it lies, and how values become places in it."""

    def __init__(self, title: str, left: float, width: float, end: float) -> None:
        self.title, self.left, self.width, self.end = title, left, width, end

    def x(self, value: float) -> float:
        return self.left + self.width * min(value, self.end) / self.end


def draw(report: Report) -> str:
    """As SVG: a band for each protocol that ranks the whole catalogue."""
    title = f"Ranking, {report.input}"
    folds = f", {len(report.folds)} folds rolling through it" if len(report.folds) > 1 else ""
    about = f"split {report.split}{folds}: {report.events:,} events, {report.catalogue:,} items, all of them ranked"
    shapes = [words(MARGIN, 34, title, "title"), words(MARGIN, 60, about, "dim")]
    y = TOP
    for protocol, section in report.judgement.protocols.items():
        if section.models and protocol != "sampled":
            shapes += _band(protocol, section, y)
            y += HEAD + ROW * len(section.models) + FOOT + BETWEEN
    for told in folded(_source(report), WIDTH - 2 * MARGIN):
        shapes.append(words(MARGIN, y, told, "small"))
        y += 17
    return picture(WIDTH, y + 8, shapes, title)


def _band(protocol: Protocol, section: Section, top: float) -> Iterator[str]:
    names = list(section.models)
    left = MARGIN + max(map(len, names)) * CHARACTER + 14
    yield words(MARGIN, top + 12, f"{protocol}: {MEANINGS[protocol]}", "head")
    yield words(MARGIN, top + 33, f"{section.predictions:,} predictions, {section.people:,} people", "dim")
    first, last = top + HEAD, top + HEAD + ROW * len(names)
    place = names.index(SERVED) if SERVED in names else -1
    if place >= 0:
        yield box(MARGIN - 10, first + ROW * place, WIDTH - 2 * MARGIN + 20, ROW, "band", round_by=5)
    for panel in _panels(section, left):
        yield words(panel.left, top + 57, panel.title, "head")
        for value in grid(panel.end, 5 if panel.width > 150 else 2):
            yield line(panel.x(value), first, panel.x(value), last)
            yield words(panel.x(value), last + 13, f"{value:g}", "small number", "middle")
        for row, figures in enumerate(section.models.values()):
            yield from _cell(panel, figures, section, names[row], first + ROW * (row + 0.5))
    for row, name in enumerate(names):
        yield words(MARGIN, first + ROW * (row + 0.5), name, "accent" if name == SERVED else "")


def _panels(section: Section, left: float) -> list[Panel]:
    """Side by side, the metrics three times as wide as what is beyond accuracy."""
    titles = [*METRICS, "coverage"]
    parts = [1.0] * len(METRICS) + [0.5]
    room = WIDTH - MARGIN - left - (NUMBER + GAP) * len(titles) + GAP
    panels = []
    for title, part in zip(titles, parts, strict=True):
        width = room * part / sum(parts)
        most = max((value for one in section.models.values() for value in _values(one, title)), default=0.0)
        panels.append(Panel(title, left, width, nice(most)))
        left += width + NUMBER + GAP
    return panels


def _values(figures: Figures, title: str) -> list[float]:
    if title == "coverage":
        found = [figures.coverage]
    else:
        told = figures.accuracy[title]
        found = [told.value, told.high, *figures.folds[title]]
    return [value for value in found if not isnan(value)]


def _cell(panel: Panel, figures: Figures, section: Section, name: str, y: float) -> Iterator[str]:
    colour = "first" if name == SERVED else "other" if name in BASELINES else "ink"
    number_x = panel.left + panel.width + NUMBER
    if panel.title == "coverage":
        if not isnan(figures.coverage):
            yield box(panel.left, y - 5, panel.x(figures.coverage) - panel.left, 10, colour, 0.75, 2)
        yield words(number_x, y, short(figures.coverage), "number", "end")
        return
    found, folds = figures.accuracy[panel.title], figures.folds[panel.title]
    yield words(number_x, y, short(found.value), "number accent" if name == SERVED else "number", "end")
    if isnan(found.value):
        return
    if len(folds) > 1:
        for value in folds:
            if not isnan(value):
                yield dot(panel.x(value), y, 2, colour, opacity=0.35)
    if not isnan(found.low):
        yield line(panel.x(found.low), y, panel.x(found.high), y, colour, 2)
        for end in (found.low, found.high):
            yield line(panel.x(end), y - 5, panel.x(end), y + 5, colour, 2)
    pair = ahead_of(section.pairs, panel.title, SERVED, name)
    yield dot(panel.x(found.value), y, 4.6, colour, is_filled=name == SERVED or bool(pair and pair.sign))


def _source(report: Report) -> str:
    folds = " Small dots: single folds." if len(report.folds) > 1 else ""
    return (
        f"Whiskers: 95 %, bootstrap over people. Hollow: not told apart from {SERVED} (paired, 95 %).{folds} "
        f"Coverage: share of the catalogue shown to anybody. {report.predictions:,} of {report.possible:,} possible "
        f"predictions, repeats {'kept' if report.repeats == 'keep' else 'collapsed'}. Split: {report.rule}. "
        f"{report.licence or ''}"
    ).strip()
