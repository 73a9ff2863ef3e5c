"""The picture of personas: how many people, what sets them apart, and who has moved since the live version."""

from collections.abc import Mapping
from math import expm1

from shared.models.personas import PersonaModel
from training.picture import box, ink_on, shade, svg, words

NAMES, BARS, CELL, ROW, GAP = 150, 150, 132, 26, 34
FULL = 2.0
"""So many standard deviations from everyone's mean have the full colour."""

Moved = Mapping[tuple[str, str], int]


def draw(model: PersonaModel, moved: Moved) -> str:
    """Sizes and a heat map of the centroids in their own units; below, where the people of each persona went."""
    columns = max(len(model.features), len(model.names))
    shapes = [*_sizes(model), *_centroids(model)]
    height = float(GAP + ROW * len(model.names) + GAP)
    if moved:
        shapes += _movement(model, moved, height)
        height += GAP + ROW * (1 + len({old for old, _ in moved})) + GAP / 2
    return svg(NAMES + BARS + CELL * columns + 20, height, shapes, "Personas: sizes, centroids, movement")


def _sizes(model: PersonaModel) -> list[str]:
    total, most = sum(model.sizes), max(model.sizes)
    shapes = [words(10, GAP / 2, "persona", weight="bold"), words(NAMES, GAP / 2, "people", weight="bold")]
    for place, (name, size) in enumerate(zip(model.names, model.sizes, strict=True)):
        y = GAP + ROW * place
        shapes += [
            words(10, y + ROW / 2, name),
            box(NAMES, y + 4, (BARS - 95) * size / most, ROW - 8, "#94a3b8"),
            words(NAMES + (BARS - 95) * size / most + 5, y + ROW / 2, f"{size:,} ({size / total:.0%})"),
        ]
    return shapes


def _centroids(model: PersonaModel) -> list[str]:
    shapes = []
    for column, feature in enumerate(model.features):
        x = NAMES + BARS + CELL * column
        shapes.append(words(x + CELL / 2, GAP / 2, feature.replace("_", " "), "middle", "bold"))
        for place, row in enumerate(model.centroids):
            y, value = GAP + ROW * place, row[column]
            told = value * model.scale[column] + model.mean[column]
            told = expm1(told) if model.logged[column] else told
            shapes.append(box(x, y, CELL - 2, ROW - 2, shade(value, FULL)))
            shapes.append(words(x + CELL / 2, y + ROW / 2, _number(told), "middle", fill=ink_on(value, FULL)))
    return shapes


def _movement(model: PersonaModel, moved: Moved, top: float) -> list[str]:
    olds = sorted({old for old, _ in moved}, key=lambda old: (old not in model.names, [*model.names, old].index(old)))
    shapes = [words(10, top, "from the live version's (rows) to the new one's (columns)", weight="bold")]
    top += ROW
    for column, name in enumerate(model.names):
        shapes.append(words(NAMES + BARS + CELL * (column + 0.5), top, name, "middle"))
    for place, old in enumerate(olds):
        y = top + ROW * (place + 0.5)
        people = sum(n for (one, _), n in moved.items() if one == old)
        shapes.append(words(10, y + ROW / 2, old))
        for column, new in enumerate(model.names):
            n, x = moved.get((old, new), 0), NAMES + BARS + CELL * column
            shapes.append(box(x, y, CELL - 2, ROW - 2, shade(-n, people)))
            if n:
                shapes.append(words(x + CELL / 2, y + ROW / 2, f"{n:,}", "middle", fill=ink_on(n, people)))
    return shapes


def _number(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{round(value, 3):.3g}"
