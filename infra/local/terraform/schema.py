"""What a provider says of its resources: which arguments there are, of which types, and how they nest."""

from typing import Any, Literal

import msgspec

Use = Literal["required", "optional", "computed"]
Nesting = Literal["single", "list", "set"]


class Attribute(msgspec.Struct, frozen=True):
    """An argument or a result.

    Attributes:
        type: as cty writes it in JSON: "string", ["list", "string"], …
        choices: the strings that the provider accepts; empty for any.
    """

    type: Any
    use: Use
    choices: tuple[str, ...] = ()


class Nested(msgspec.Struct, frozen=True):
    """A block within a block; `most` is 0 where there may be any number."""

    nesting: Nesting
    least: int
    most: int
    block: "Block"


class Block(msgspec.Struct, frozen=True):
    """The body of a resource, of a data source, of the provider or of a nested block."""

    attributes: dict[str, Attribute]
    blocks: dict[str, Nested]


def type_of(block: Block) -> Any:
    """The type of the block's value, as cty writes it."""
    nested = {name: _nested_type(inner) for name, inner in block.blocks.items()}
    return ["object", {name: attribute.type for name, attribute in block.attributes.items()} | nested]


def _nested_type(nested: Nested) -> Any:
    inner = type_of(nested.block)
    return inner if nested.nesting == "single" else [nested.nesting, inner]
