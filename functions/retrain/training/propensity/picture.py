"""The picture of a propensity: whether what is said happens, and what drives it."""

from collections.abc import Sequence

from training.picture import INK, box, svg, words
from training.propensity.drivers import Drive

PLOT, MARGIN, TOP, ROW, NAME, BAR = 300, 60, 60, 24, 230, 160
FOR, AGAINST, EITHER = "#d97706", "#2563eb", "#94a3b8"


def draw(curve: Sequence[tuple[float, float, int]], drives: Sequence[Drive], title: str) -> str:
    """On the left the calibration curve, the larger a point the more people; on the right the strongest drivers."""
    height = TOP + max(PLOT, ROW * len(drives)) + MARGIN
    shapes = [words(10, 18, title, weight="bold"), *_curve(curve), *_drivers(drives, MARGIN + PLOT + 40)]
    return svg(MARGIN + PLOT + 40 + NAME + BAR + 70, height, shapes, title)


def _curve(curve: Sequence[tuple[float, float, int]]) -> list[str]:
    most = max((max(said, happened) for said, happened, _ in curve), default=1.0) or 1.0
    people = sum(rows for *_, rows in curve) or 1
    bottom = TOP + PLOT
    shapes = [
        f'<path d="M{MARGIN} {bottom}L{MARGIN + PLOT} {TOP}" stroke="#cbd5e1" stroke-dasharray="4"/>',
        f'<path d="M{MARGIN} {TOP}V{bottom}H{MARGIN + PLOT}" stroke="{INK}" fill="none"/>',
        words(MARGIN + PLOT / 2, bottom + 40, "said", "middle"),
        words(10, TOP - 18, "happened"),
    ]
    for part in (0.0, 0.5, 1.0):
        shapes.append(words(MARGIN + PLOT * part, bottom + 16, f"{most * part:.2g}", "middle"))
        shapes.append(words(MARGIN - 8, bottom - PLOT * part, f"{most * part:.2g}", "end"))
    for said, happened, rows in curve:
        x, y = MARGIN + PLOT * said / most, bottom - PLOT * happened / most
        radius = 2 + 10 * (rows / people) ** 0.5
        shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{FOR}" fill-opacity="0.7"/>')
    return shapes


def _drivers(drives: Sequence[Drive], left: float) -> list[str]:
    most = max((drive.strength for drive in drives), default=1.0)
    shapes = []
    for place, drive in enumerate(drives):
        y = TOP + ROW * (place + 0.5)
        colour = FOR if drive.sign == "+" else AGAINST if drive.sign == "−" else EITHER
        width = BAR * drive.strength / most
        shapes += [
            words(left + NAME - 8, y, f"{drive.feature[:34]} {drive.sign}", "end"),
            box(left + NAME, y - 8, width, 16, colour),
            words(left + NAME + width + 6, y, f"{drive.strength:.2g}"),
        ]
    return shapes
