"""What a plan knows of a resource, and what it is given once it is made, as far as a schema tells."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.msgpack import Ext

from infra.local.terraform.schema import Attribute, Block, Nested

UNKNOWN = Ext(0, b"\0")
"""A value that will be known after apply, as cty writes it in MessagePack."""

Fill = Callable[[str, Attribute, Any], Any]
"""(name, attribute, value) → value, for each attribute of a block."""

Path = tuple[str | int, ...]
"""Names of attributes and blocks, and places in lists."""

PLAIN = {"string": "", "number": 0, "bool": False}


def decode(data: bytes) -> Any:
    return msgspec.msgpack.decode(data)


def encode(value: Any) -> bytes:
    return msgspec.msgpack.encode(value)


def planned(block: Block, value: Any, defaults: Mapping[str, Any]) -> Any:
    """The value with unknowns for what the provider computes, and with its defaults for what was left out."""

    def fill(name: str, attribute: Attribute, given: Any) -> Any:
        if given is not None:
            return given
        if attribute.use == "computed" or name == "id":
            return UNKNOWN
        return defaults.get(name) if attribute.use == "optional" else None

    return _each(block, value, fill)


def made(block: Block, value: Any, label: str) -> Any:
    """The value with something that names its origin, `<label>.<attribute>`, for each unknown."""

    def fill(name: str, attribute: Attribute, given: Any) -> Any:
        return _some(attribute.type, f"{label}.{name}") if is_unknown(given) else given

    return _each(block, value, fill)


def refused(block: Block, value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Where the value sets a mere result, or has a string that is not among the choices; and why it is refused."""
    for name, attribute in block.attributes.items():
        if attribute.use == "computed" and value[name] is not None:
            yield (*path, name), f"{name} cannot be set: it is a result"
        given = value[name] if isinstance(value[name], list) else [value[name]]
        for one in given if attribute.choices else ():
            if isinstance(one, str) and one not in attribute.choices:
                yield (*path, name), f"expected {name} to be one of {', '.join(attribute.choices)}, got {one}"
    for name, nested in block.blocks.items():
        for place, one in _places(nested, value[name]):
            yield from refused(nested.block, one, (*path, name, *place))


def _places(nested: Nested, value: Any) -> Iterator[tuple[Path, Any]]:
    """The blocks that are known; what is in a set has no place of its own."""
    many = value if isinstance(value, list) else [value]
    for index, one in enumerate(many):
        if isinstance(one, dict):
            yield ((index,) if nested.nesting == "list" else ()), one


def is_unknown(value: Any) -> bool:
    """Whether plain or with refinements (what is known of it all the same: that it is not null, its prefix)."""
    return isinstance(value, Ext)


def _each(block: Block, value: Any, fill: Fill) -> Any:
    if value is None or is_unknown(value):
        return value
    attributes = {name: fill(name, attribute, value[name]) for name, attribute in block.attributes.items()}
    return attributes | {name: _inner(nested, value[name], fill) for name, nested in block.blocks.items()}


def _inner(nested: Nested, value: Any, fill: Fill) -> Any:
    if isinstance(value, list):
        return [_each(nested.block, one, fill) for one in value]
    return _each(nested.block, value, fill)


def _some(type: Any, text: str) -> Any:
    """A value of the type. Lists have one element, for results are asked for by index."""
    if type == "string":
        return text
    if isinstance(type, str):
        return PLAIN[type]
    kind, inner = type
    if kind == "map":
        return {}
    if kind == "object":
        return {name: _some(one, f"{text}.{name}") for name, one in inner.items()}
    return [_some(inner, text)]
