"""Reads a provider's schema out of the JavaScript that CDK for Terraform generated from it.

The generator writes a class for every block. An argument has a getter `<name>Input`; one that may be left out has a
method `reset<Name>`, too; a mere result has neither. The declarations beside the scripts carry the provider's
descriptions, which list the strings that an argument may be. What is lost: whether the provider fills in an argument
that was left out, other rules for strings, and which arguments exclude one another.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from infra.local.terraform.schema import Attribute, Block, Nested, Use, type_of

CLASS = re.compile(r"^class (\w+) extends cdktf\.(\w+) \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
GETTER = re.compile(r"get (\w+)\(\) \{\s+return (cdktf\.Fn\.tolist\()?this\.get(\w*)Attribute\('(\w+)'\)")
HELD = re.compile(r"this\._(\w+) = new (?:\w+\.)?(\w+)\(this, \"(\w+)\"(?:, (true|false))?\)")
ELEMENT = re.compile(r"get\(index\) \{\s+return new (?:\w+\.)?(\w+)\(")
WRITTEN = re.compile(
    r"^ +(\w+): \{\s+value: (?:cdktf\.listMapperHcl\()?([\w.]+).*\s+"
    r"isBlock: (true|false),\s+type: .*\s+storageClassType: \"(\w+)\"",
    re.MULTILINE,
)

INTERFACE = re.compile(r"^export interface (\w+)[^{]*\{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
CHOICES = re.compile(
    r"Possible values: (\[\"[^\]]*\])[^/]*?\* Docs at Terraform Registry: \{@link \S+#(\w+) ", re.DOTALL
)

Choices = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Name of a block → argument → the strings that it may be."""

TYPES: dict[str, Any] = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "List": ["list", "string"],
    "NumberList": ["list", "number"],
    "StringMap": ["map", "string"],
    "StringMapList": ["list", ["map", "string"]],
}
ARGUMENTS = {
    "string": "String",
    "boolean": "Boolean",
    "number": "Number",
    "stringMap": "StringMap",
    "stringList": "List",
}


def read_choices(declarations: str) -> Choices:
    """What the declarations of one resource or data source tell of its arguments."""
    found = {
        name.removesuffix("Config"): {argument: tuple(json.loads(listed)) for listed, argument in CHOICES.findall(body)}
        for name, body in INTERFACE.findall(declarations)
    }
    return {name: arguments for name, arguments in found.items() if arguments}


def read_resource(script: str, choices: Choices) -> Block:
    """The body of the one resource or data source that the script defines."""
    found = CLASS.findall(script)
    [root] = [name for name, base, _ in found if base in ("TerraformResource", "TerraformDataSource")]
    return _block(root, {name: body for name, _, body in found}, choices)


def read_provider(script: str) -> Block:
    """The body of `provider "…"`: every argument may be left out."""
    written = script.partition("synthesizeHclAttributes() {")[2]
    return _written(written, script)


def _block(name: str, classes: Mapping[str, str], choices: Choices) -> Block:
    attributes: dict[str, Attribute] = {}
    blocks: dict[str, Nested] = {}
    body, listed = classes[name], choices.get(name.removesuffix("OutputReference").removesuffix("Config"), {})
    for getter, is_set, kind, name in GETTER.findall(body):
        attributes[name] = Attribute(
            ["set", TYPES[kind][1]] if is_set else TYPES[kind], _use(body, getter), listed.get(name, ())
        )
    for getter, held, name, is_set in HELD.findall(body):
        use = _use(body, getter)
        if held in TYPES:
            attributes[name] = Attribute(TYPES[held], use)
            continue
        nested = _nested(held, name, use, is_set == "true", classes, choices)
        if use == "computed":
            attributes[name] = Attribute([nested.nesting, type_of(nested.block)], use)
        else:
            blocks[name] = nested
    return Block(attributes, blocks)


def _nested(held: str, name: str, use: Use, is_set: bool, classes: Mapping[str, str], choices: Choices) -> Nested:
    element = ELEMENT.search(classes[held])
    block = _block(element[1] if element else held, classes, choices)
    if name == "timeouts":
        return Nested("single", 0, 0, block)
    return Nested("set" if is_set else "list", int(use == "required"), 0 if element else 1, block)


def _use(body: str, getter: str) -> Use:
    if f" get {getter}Input()" not in body:
        return "computed"
    return "optional" if f" reset{getter[0].upper()}{getter[1:]}()" in body else "required"


def _written(text: str, script: str) -> Block:
    attributes: dict[str, Attribute] = {}
    blocks: dict[str, Nested] = {}
    for name, writer, is_block, kind in WRITTEN.findall(text.partition("return Object.fromEntries")[0]):
        if is_block == "true":
            inner = script.partition(f"function {writer}(struct)")[2]
            blocks[name] = Nested("list", 0, 1, _written(inner, script))
        else:
            attributes[name] = Attribute(TYPES[ARGUMENTS[kind]], "optional")
    return Block(attributes, blocks)
