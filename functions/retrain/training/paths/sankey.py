"""The picture of paths: how visits flow from step to step until they convert or leave."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from shared.models.paths import CONVERTED, ENDS, LEFT, OTHER, Flow
from training.picture import FONT, words

TOP, GAP, NODE, BESIDE, MARGIN = 64, 196, 14, 6, 20
FULL, ROW, PAD = 360, 17, 7
"""Heights: of all visits together, of a label, between two nodes."""

LABEL = 17
PALETTE = ("#0072b2", "#e69f00", "#56b4e9", "#cc79a7", "#d55e00", "#f0e442")
ENDED: Mapping[str, str] = {CONVERTED: "#009e73", LEFT: "#7d8590", OTHER: "#b4bac4"}
"""M. Okabe, K. Ito, "Color Universal Design", 2008: told apart whatever colours somebody sees."""

STYLE = (
    ".paths{color:#1d2733}.paths .ground{fill:#fff}.paths text{paint-order:stroke;stroke:#fff;stroke-width:3px}"
    ".paths .flow{fill-opacity:.45}.paths .flow:hover{fill-opacity:.85}"
    "@media (prefers-color-scheme:dark){.paths{color:#e6edf3}.paths .ground{fill:#0d1117}.paths text{stroke:#0d1117}}"
)

Place = tuple[int, str]


class Node(NamedTuple):
    """Where a state of a step stands."""

    x: float
    y: float
    height: float
    visits: int


def draw(flows: Sequence[Flow], title: str) -> str:
    """Columns are steps; a node's height and a ribbon's width are its visits."""
    nodes = lay_out(flows)
    colours = {name: PALETTE[n % len(PALETTE)] for n, name in enumerate(_order(flows))} | dict(ENDED)
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


def lay_out(flows: Sequence[Flow]) -> dict[Place, Node]:
    """By step and state: conversion on top, the states as often as they are met, at the bottom who left."""
    comes: dict[Place, int] = {}
    goes: dict[Place, int] = {}
    for flow in flows:
        goes[flow.place, flow.state] = goes.get((flow.place, flow.state), 0) + flow.visits
        comes[flow.place + 1, flow.next] = comes.get((flow.place + 1, flow.next), 0) + flow.visits
    sizes = {place: max(comes.get(place, 0), goes.get(place, 0)) for place in comes | goes}
    ranks = {name: rank for rank, name in enumerate([CONVERTED, *_order(flows), OTHER, LEFT])}
    most = max((sum(n for (step, _), n in sizes.items() if step == column) for column, _ in sizes), default=1)
    nodes: dict[Place, Node] = {}
    below: dict[int, float] = {}
    for step, name in sorted(sizes, key=lambda place: (place[0], ranks[place[1]])):
        y, height = below.get(step, TOP), max(1.5, FULL * sizes[step, name] / most)
        nodes[step, name] = Node(MARGIN + GAP * (step - 1), y, height, sizes[step, name])
        below[step] = y + max(height, ROW) + PAD
    return nodes


def _order(flows: Sequence[Flow]) -> list[str]:
    """States by how many visits leave them, but for the rest that has no names."""
    totals: dict[str, int] = {}
    for flow in flows:
        for name in (flow.state, flow.next):
            if name not in (*ENDS, OTHER):
                totals[name] = totals.get(name, 0) + flow.visits
    return sorted(totals, key=lambda name: (-totals[name], name))


def _ribbons(flows: Sequence[Flow], nodes: Mapping[Place, Node], colours: Mapping[str, str]) -> list[str]:
    order = list(nodes)
    out: dict[Place, float] = {}
    into: dict[Place, float] = {}
    shapes = []
    for flow in sorted(flows, key=lambda flow: (order.index((flow.place, flow.state)), _target(flow, order))):
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


def _target(flow: Flow, order: Sequence[Place]) -> int:
    return order.index((flow.place + 1, flow.next))


def _node(place: Place, node: Node, colour: str) -> str:
    step, name = place
    when = f"step {step}" if step < 6 else "in the end"
    told = f"<title>{escape(f'{when}: {name}, {node.visits:,} visits')}</title>"
    shape = (
        f'<rect x="{node.x:g}" y="{node.y:.1f}" width="{NODE}" height="{node.height:.1f}" fill="{colour}">{told}</rect>'
    )
    shown = name if len(name) <= LABEL else f"…{name[1 - LABEL :]}"
    text = f"{shown} {node.visits:,}"
    return shape + words(node.x + NODE + BESIDE, node.y + max(node.height, ROW) / 2, text, fill="currentColor")
