"""The picture of a propensity's evaluation: whether what is said happens, who comes before whom, and what drives it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from infra.evaluation.drawing import CHARACTER, box, dot, folded, line, path, picture, words
from infra.evaluation.propensity_curves import gained, wilson
from infra.evaluation.propensity_report import NAMES, PropensityReport, digits
from infra.evaluation.whiskers import grid, nice

WIDTH, MARGIN = 1120.0, 28.0
PLOT, LEFT, GAP = 290.0, 42.0, 62.0
TOP, ROW = 84.0, 24.0
COLOURS = {"logistic": "first", "tree": "second", "boosted": "third", "rfm": "fourth", "base": "other"}
COLUMNS = {"roc_auc": "ROC-AUC", "brier": "Brier", "calibration_error": "calib. err."}
NAME_WIDTH = 34
"""Longer names of columns are cut."""


class Plot:
    """A square whose sides go from 0 to `most`."""

    def __init__(self, left: float, top: float, most: float) -> None:
        self.left, self.top, self.most = left, top, most

    def x(self, value: float) -> float:
        return self.left + PLOT * value / self.most

    def y(self, value: float) -> float:
        return self.top + PLOT * (1 - value / self.most)

    def frame(self, title: str, across: str, up: str, diagonal: bool = True) -> Iterator[str]:
        """Title, grid, ends of the axes and what they mean."""
        yield words(self.left, self.top - 34, title, "head")
        yield words(self.left, self.top - 15, f"↑ {up}", "small")
        for value in grid(self.most):
            yield line(self.x(value), self.y(0), self.x(value), self.y(self.most))
            yield line(self.x(0), self.y(value), self.x(self.most), self.y(value))
            yield words(self.x(value), self.y(0) + 14, f"{value:g}", "small number", "middle")
            yield words(self.left - 8, self.y(value), f"{value:g}", "small number", "end")
        yield words(self.left + PLOT, self.y(0) + 32, f"{across} →", "small", "end")
        if diagonal:
            yield line(self.x(0), self.y(0), self.x(self.most), self.y(self.most), "other", 1.2, "4 4")


def draw(report: PropensityReport) -> str:
    """As SVG."""
    title = f"Propensity, {report.label}"
    judged = f"{report.judged:,} of {report.rows:,} rows judged, {report.share:.1%} have the label"
    about = f"{Path(report.table).name}: {judged}"
    shapes = [words(MARGIN, 34, title, "title"), words(MARGIN, 60, about[:150], "dim")]
    top = TOP + 50
    places = [MARGIN + LEFT + number * (PLOT + GAP) for number in range(3)]
    shapes += _calibration(report, Plot(places[0], top, _most(report)))
    shapes += _curves(report.roc, Plot(places[1], top, 1.0), "ROC", "of those who did not", "of those who did")
    shapes += _gains(report, Plot(places[2], top, 1.0))
    below = top + PLOT + 76
    shapes += _models(report, MARGIN, below)
    shapes += _drivers(report, WIDTH / 2 + 44, below)
    y = below + 34 + ROW * max(len(report.figures), len(report.drivers) + 1)
    for told in folded(_source(report), WIDTH - 2 * MARGIN):
        shapes.append(words(MARGIN, y, told, "small"))
        y += 17
    return picture(WIDTH, y + 8, shapes, title)


def _most(report: PropensityReport) -> float:
    ends = (max(said, wilson(happened, rows)[1]) for said, happened, rows in report.curve)
    return min(1.0, nice(max(ends, default=1.0)))


def _calibration(report: PropensityReport, plot: Plot) -> Iterator[str]:
    yield from plot.frame("Calibration of the published model", "said", "happened")
    for said, happened, rows in report.curve:
        low, high = (min(end, plot.most) for end in wilson(happened, rows))
        yield line(plot.x(said), plot.y(low), plot.x(said), plot.y(high), "first", 1.6)
        yield dot(plot.x(said), plot.y(happened), 4.4, "first")


def _curves(
    curves: dict[str, list[tuple[float, float]]], plot: Plot, title: str, across: str, up: str
) -> Iterator[str]:
    yield from plot.frame(title, across, up)
    for model in reversed([model for model in COLOURS if model in curves and model != "base"]):
        yield path([(plot.x(one), plot.y(other)) for one, other in curves[model]], COLOURS[model])


def _gains(report: PropensityReport, plot: Plot) -> Iterator[str]:
    yield from _curves(report.gains, plot, "Gains", "of all, the likeliest first", "of those who did")
    best = gained(report.gains["published"], 0.1)
    yield line(plot.x(0.1), plot.y(0), plot.x(0.1), plot.y(best), "dim", 1, "2 3")
    told = f"the first 10 % hold {best:.0%}: lift {best / 0.1:.1f}"
    yield words(plot.x(1) - 8, plot.y(0.08), told, "small", "end")


def _models(report: PropensityReport, left: float, top: float) -> Iterator[str]:
    """What the colours mean, and the figures."""
    columns = [left + 254 + 118 * number for number in range(len(COLUMNS))]
    for x, title in zip(columns, COLUMNS.values(), strict=True):
        yield words(x, top, title, "small", "end")
    models = [model for model in COLOURS if model in report.figures]
    published = max(report.published, key=report.published.__getitem__)
    for row, model in enumerate(models):
        y = top + ROW * (row + 1)
        yield box(left, y - 2, 18, 4, COLOURS[model], round_by=2)
        yield words(left + 28, y, NAMES[model] if model != "rfm" else "RFM", "head" if model == published else "")
        for x, metric in zip(columns, COLUMNS, strict=True):
            found = report.figures[model][metric]
            yield words(x, y, digits(found["value"]), "number", "end")
            yield words(x + 5, y, f"± {(found['high'] - found['low']) / 2:.3f}"[:7].replace("0.", "."), "small number")


def _drivers(report: PropensityReport, left: float, top: float) -> Iterator[str]:
    yield words(left, top, "Strongest drivers, by effect on the log-odds (+ likelier, − less likely)", "small")
    names = [_cut(driver.feature) for driver in report.drivers]
    start = left + 32 + max(map(len, names), default=0) * CHARACTER
    room, most = WIDTH - MARGIN - 52 - start, max((driver.strength for driver in report.drivers), default=1.0)
    for row, (name, driver) in enumerate(zip(names, report.drivers, strict=True), 1):
        y = top + ROW * row
        colour = {"+": "second", "−": "first"}.get(driver.sign, "other")
        width = room * driver.strength / most
        yield words(left, y, driver.sign, "number")
        yield words(left + 18, y, name)
        yield box(start, y - 7, width, 14, colour, 0.8, 2)
        yield words(start + width + 8, y, f"{driver.strength:.2f}", "small number")


def _cut(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 1] + "…"


def _source(report: PropensityReport) -> str:
    beware = f" Beware: {_listed(report.suspects)} tell the label by themselves." if report.suspects else ""
    return (
        "Calibration: ten bins of as many rows each, with Wilson's 95 % interval; on the dashed line what is said "
        "happens. ±: half of the 95 % interval, bootstrap over rows. In bold: what would be published, the better "
        f"calibrated of logistic regression and decision tree. Judged: {report.split}.{beware}"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(_cut, names[:3])) + (", …" if len(names) > 3 else "")
