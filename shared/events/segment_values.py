"""Values as Segment's senders write them: numbers as text, ids as numbers, nulls, and more properties than fit."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from shared.events.parse import CONTROLS, MAX_DEPTH

Payload = Mapping[str, Any]

DECIMAL = re.compile(r"[$€£]?\s*(-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?)", re.ASCII)
LONGEST_S = 1e8
LARGEST = 1e15
"""No price, quantity or length is larger; beyond it a number is rubbish, and may be too large for a float."""


def mapping(value: object) -> Payload:
    """The object without its nulls; anything else is an empty one."""
    return {name: inner for name, inner in value.items() if inner is not None} if isinstance(value, dict) else {}


def first(fields: Payload, *names: str) -> Any:
    """The first of these fields that is neither null nor empty text."""
    for name in names:
        value = fields.get(name)
        if value is not None and value != "":
            return value
    return None


def identifier(value: Any) -> Any:
    """An id as text if it is a number; any other value as it is, for the Event's own check to judge.

    >>> identifier(507), identifier("ann"), identifier(["ann"])
    ('507', 'ann', ['ann'])
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def text(value: object, limit: int = 256) -> str | None:
    """A label: without invisible characters, cut to `limit`; None if nothing remains or it is no text.

    A label is for people to read: losing a purchase over a zero-width space in a category's name helps nobody.
    """
    shown = value if value is None or isinstance(value, str) else identifier(value)
    if not isinstance(shown, str):
        return None
    return CONTROLS.sub("", shown)[:limit].strip() or None


def number(value: object) -> float | None:
    """A number, also one written as text; None if it is neither.

    >>> number("1,299.50"), number("$19"), number(3), number("free"), number(True)
    (1299.5, 19.0, 3.0, None, None)
    """
    if isinstance(value, str):
        match = DECIMAL.fullmatch(value.strip()[:40])
        value = float(match[1].replace(",", "")) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -LARGEST <= value <= LARGEST:
        return None
    return float(value)


def length_s(value: object) -> float | None:
    """A length in seconds; None if it can be none: a live stream's 0, a negative number.

    >>> length_s("392"), length_s(0), length_s(-1)
    (392.0, None, None)
    """
    read = number(value)
    return read if read is not None and 0 < read <= LONGEST_S else None


def bounded(extras: Payload, limit: int) -> dict[str, Any]:
    """The extras that fit into `limit` bytes of JSON: those nested too deeply go, then the largest until it fits.

    Equal sizes go in the order of their names, so that an event sent again is cut in the same way.
    """
    kept = {name: value for name, value in extras.items() if value is not None and not _is_deeper(value, MAX_DEPTH - 1)}
    sizes = {name: len(msgspec.json.encode({name: value})) for name, value in kept.items()}
    excess = sum(sizes.values()) - limit
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        if excess <= 0:
            break
        excess -= sizes[name]
        del kept[name]
    return kept


def _is_deeper(value: object, levels: int) -> bool:
    # Stops at the level that is too deep: a hostile value may be nested deeper than Python's stack.
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return inner is not None and (levels == 0 or any(_is_deeper(one, levels - 1) for one in inner))
