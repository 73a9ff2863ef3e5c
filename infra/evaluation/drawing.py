"""SVG of a few shapes, legible on light and on dark: each picture brings both palettes and its own ground."""

from collections.abc import Sequence
from html import escape

CHARACTER = 7.3
"""Pixels that a character of text takes at most, on average; small text takes `SMALL` of that."""

SMALL = 0.86

STYLE = """
svg { --ground: #ffffff; --ink: #16202c; --dim: #5b6776; --line: #e3e8ee; --band: #f5f7fa;
      --first: #0067b1; --second: #b35900; --third: #007a5a; --fourth: #8a4fa0; --other: #77828f }
@media (prefers-color-scheme: dark) {
svg { --ground: #12171e; --ink: #e8edf3; --dim: #9aa7b6; --line: #2a333f; --band: #1a212b;
      --first: #5ab4f5; --second: #f0a04b; --third: #4fc7a1; --fourth: #cf9be3; --other: #93a0af } }
text { font: 13px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--ink);
       dominant-baseline: central }
.title { font-size: 19px; font-weight: 600 } .head { font-weight: 600 } .dim { fill: var(--dim) }
.small { font-size: 11.5px; fill: var(--dim) } .accent { fill: var(--first); font-weight: 600 }
.number { font-variant-numeric: tabular-nums }
"""


def picture(width: float, height: float, shapes: Sequence[str], title: str) -> str:
    """A whole picture. The title is what a reader's voice says of it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img"><title>{escape(title)}</title><style>{STYLE}</style>'
        f'<rect width="100%" height="100%" fill="var(--ground)"/>{"".join(shapes)}</svg>\n'
    )


def words(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    """A line of text whose middle is at this height."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'


def line(x: float, y: float, to_x: float, to_y: float, colour: str = "line", width: float = 1, dash: str = "") -> str:
    """A straight line in a colour of the palette."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="var(--{colour})" '
        f'stroke-width="{width:g}"{dashed}/>'
    )


def path(points: Sequence[tuple[float, float]], colour: str, width: float = 2, dash: str = "") -> str:
    """A line through these points."""
    told = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    stroke = f'stroke="var(--{colour})" stroke-width="{width:g}" stroke-linejoin="round"{dashed}'
    return f'<path d="M{told}" fill="none" {stroke}/>'


def box(x: float, y: float, width: float, height: float, colour: str, opacity: float = 1, round_by: float = 0) -> str:
    """A filled rectangle."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{height:.1f}" rx="{round_by:g}" '
        f'fill="var(--{colour})" fill-opacity="{opacity:g}"/>'
    )


def dot(x: float, y: float, radius: float, colour: str, is_filled: bool = True, opacity: float = 1) -> str:
    """A circle, filled or with the ground in it."""
    fill = colour if is_filled else "ground"
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="var(--{fill})" stroke="var(--{colour})" '
        f'stroke-width="1.8" opacity="{opacity:g}"/>'
    )


def folded(text: str, width: float) -> list[str]:
    """The text in lines of small letters that fit into so many pixels."""
    room, lines = int(width / (CHARACTER * SMALL)), [""]
    for word in text.split():
        if len(lines[-1]) + 1 + len(word) > room and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
