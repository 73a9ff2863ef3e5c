"""Pictures for cards: SVG as text, of a few shapes."""

from collections.abc import Sequence
from html import escape

FONT = "13px system-ui, sans-serif"
INK = "#1d2733"


def svg(width: float, height: float, shapes: Sequence[str], title: str) -> str:
    """A whole picture. The title is what a reader's voice says of it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" style="font: {FONT}"><title>{escape(title)}</title>'
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>{"".join(shapes)}</svg>'
    )


def box(x: float, y: float, width: float, height: float, fill: str) -> str:
    """A filled rectangle."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}"/>'


def words(x: float, y: float, text: str, anchor: str = "start", weight: str = "normal", fill: str = INK) -> str:
    """A line of text; y is its middle."""
    place = f'x="{x:g}" y="{y:g}" dominant-baseline="middle" text-anchor="{anchor}"'
    return f'<text {place} font-weight="{weight}" fill="{fill}">{escape(text)}</text>'


def shade(value: float, most: float) -> str:
    """Blue for less than nothing, orange for more, white between; full colour at `most`."""
    strength = min(1.0, abs(value) / most) if most else 0.0
    full = (217, 119, 6) if value > 0 else (37, 99, 235)
    red, green, blue = (round(255 + (part - 255) * strength) for part in full)
    return f"#{red:02x}{green:02x}{blue:02x}"


def ink_on(value: float, most: float) -> str:
    """Text that can be read on `shade`."""
    return "#fff" if most and abs(value) / most > 0.6 else INK
