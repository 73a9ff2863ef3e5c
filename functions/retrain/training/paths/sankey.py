"""The picture of paths: how visits flow from step to step until they convert or leave."""

from collections.abc import Mapping, Sequence
from html import escape
from unicodedata import east_asian_width

from shared.models.paths import CONVERTED, ENDS, LEFT, OTHER, Flow
from training.paths.layout import GAP, MARGIN, ROW, TOP, Node, Place, lay_out, order
from training.picture import FONT, words

NODE, BESIDE = 14, 6
WIDE, NARROW = 13.5, 8.0
"""No character is wider than this, in pixels."""

PALETTE = ("#0072b2", "#e69f00", "#56b4e9", "#cc79a7", "#d55e00", "#f0e442", "#882255", "#44aa99")
ENDED: Mapping[str, str] = {CONVERTED: "#009e73", LEFT: "#7d8590", OTHER: "#b4bac4"}
"""M. Okabe, K. Ito, "Color Universal Design", 2008, and two of P. Tol, "Colour Schemes", 2021: told apart by
everybody who sees."""

STYLE = (
    ".paths{color:#1d2733}.paths .ground{fill:#fff}.paths text{paint-order:stroke;stroke:#fff;stroke-width:3px}"
    ".paths .flow{fill-opacity:.45}.paths .flow:hover{fill-opacity:.85}"
    "@media (prefers-color-scheme:dark){.paths{color:#e6edf3}.paths .ground{fill:#0d1117}.paths text{stroke:#0d1117}}"
)


def draw(flows: Sequence[Flow], title: str) -> str:
    """Columns are steps; a node's height and a ribbon's width are its visits."""
    nodes = lay_out(flows)
    colours = {name: PALETTE[n % len(PALETTE)] for n, name in enumerate(order(flows))} | dict(ENDED)
    last = max((column for column, _ in nodes), default=1)
    width = MARGIN + last * GAP + MARGIN
    height = max((node.y + max(node.height, ROW) for node in nodes.values()), default=TOP) + MARGIN
    shapes = [
        words(MARGIN, 22, title, weight="bold", fill="currentColor"),
        *(
            words(MARGIN + GAP * (step - 1), 46, f"step {step}" if step < 6 else "in the end", fill="currentColor")
            for step in range(1, last + 1)
        ),
        *_ribbons(flows, nodes, colours),
        *(_node(place, node, colours[place[1]]) for place, node in nodes.items()),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" class="paths" style="font: {FONT}"><title>{escape(title)}</title>'
        f'<style>{STYLE}</style><rect class="ground" width="{width:g}" height="{height:g}"/>{"".join(shapes)}</svg>'
    )


def _ribbons(flows: Sequence[Flow], nodes: Mapping[Place, Node], colours: Mapping[str, str]) -> list[str]:
    places = list(nodes)
    out: dict[Place, float] = {}
    into: dict[Place, float] = {}
    shapes = []
    for flow in sorted(flows, key=lambda flow: (places.index((flow.place, flow.state)), _target(flow, places))):
        start, end = (flow.place, flow.state), (flow.place + 1, flow.next)
        here, there = nodes[start], nodes[end]
        breadth = here.height * flow.visits / max(1, here.visits)
        y0, y1 = here.y + out.get(start, 0.0), there.y + into.get(end, 0.0)
        out[start], into[end] = out.get(start, 0.0) + breadth, into.get(end, 0.0) + breadth
        x0, x1 = here.x + NODE, there.x
        middle = (x0 + x1) / 2
        way = (
            f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}v{breadth:.1f}"
            f"C{middle:.1f} {y1 + breadth:.1f} {middle:.1f} {y0 + breadth:.1f} {x0:.1f} {y0 + breadth:.1f}z"
        )
        told = (
            f"{flow.state} → {flow.next}: {flow.visits:,} visits, {flow.visits / max(1, here.visits):.0%} of those here"
        )
        colour = colours[flow.next if flow.next in ENDS else flow.state]
        shapes.append(f'<path class="flow" d="{way}" fill="{colour}"><title>{escape(told)}</title></path>')
    return shapes


def _target(flow: Flow, places: Sequence[Place]) -> int:
    return places.index((flow.place + 1, flow.next))


def _node(place: Place, node: Node, colour: str) -> str:
    step, name = place
    when = f"step {step}" if step < 6 else "in the end"
    told = f"<title>{escape(f'{when}: {name}, {node.visits:,} visits')}</title>"
    shape = (
        f'<rect x="{node.x:g}" y="{node.y:.1f}" width="{NODE}" height="{node.height:.1f}" fill="{colour}">{told}</rect>'
    )
    visits = f" {node.visits:,}"
    text = _fit(name, GAP - NODE - 2 * BESIDE - _width(visits)) + visits
    return shape + words(node.x + NODE + BESIDE, node.y + max(node.height, ROW) / 2, text, fill="currentColor")


def _fit(name: str, room: float) -> str:
    """The name's end, which tells more of a page than its beginning."""
    if _width(name) <= room:
        return name
    while _width(name) + WIDE > room:
        name = name[1:]
    return f"…{name}"


def _width(text: str) -> float:
    return sum(WIDE if each in "MWmw@%" or east_asian_width(each) in "WF" else NARROW for each in text)
