"""Where the states of each step stand in the picture of paths."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.models.paths import CONVERTED, ENDS, LEFT, OTHER, Flow

TOP, GAP, MARGIN = 64, 206, 20
FULL, ROW, PAD = 360, 17, 7
"""Heights: of all visits together, of a label, between two nodes."""

Place = tuple[int, str]
"""A step and a state met there."""


class Node(NamedTuple):
    """Where a state of a step stands."""

    x: float
    y: float
    height: float
    visits: int


def lay_out(flows: Sequence[Flow]) -> dict[Place, Node]:
    """By step and state: conversion on top, the states as often as they are met, at the bottom who left."""
    comes: dict[Place, int] = {}
    goes: dict[Place, int] = {}
    for flow in flows:
        goes[flow.place, flow.state] = goes.get((flow.place, flow.state), 0) + flow.visits
        comes[flow.place + 1, flow.next] = comes.get((flow.place + 1, flow.next), 0) + flow.visits
    sizes = {place: max(comes.get(place, 0), goes.get(place, 0)) for place in comes | goes}
    ranks = {name: rank for rank, name in enumerate([CONVERTED, *order(flows), OTHER, LEFT])}
    most = max((sum(n for (step, _), n in sizes.items() if step == column) for column, _ in sizes), default=1)
    nodes: dict[Place, Node] = {}
    below: dict[int, float] = {}
    for step, name in sorted(sizes, key=lambda place: (place[0], ranks[place[1]])):
        y, height = below.get(step, TOP), max(1.5, FULL * sizes[step, name] / most)
        nodes[step, name] = Node(MARGIN + GAP * (step - 1), y, height, sizes[step, name])
        below[step] = y + max(height, ROW) + PAD
    return nodes


def order(flows: Sequence[Flow]) -> list[str]:
    """States by how many visits leave them, but for the rest that has no names."""
    totals: dict[str, int] = {}
    for flow in flows:
        for name in (flow.state, flow.next):
            if name not in (*ENDS, OTHER):
                totals[name] = totals.get(name, 0) + flow.visits
    return sorted(totals, key=lambda name: (-totals[name], name))
