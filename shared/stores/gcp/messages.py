"""Protobuf messages from a table of their fields, so that a function need not load a whole client library for a few.

A field on the wire is a number and a type, which a published API never changes; names are ours to choose, and are the
API's. A test holds every field to the descriptors of Google's own libraries.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import DESCRIPTOR as TIMESTAMP

Fields = Mapping[str, tuple[int, str]]
"""Name → (number, type). A type is one of `SCALARS`, a message's name, or `Timestamp`; `…*` where it is repeated, and
`{…}` for a map from strings. One that begins with `|` belongs to the message's oneof, whose name is `ONEOF`."""

ONEOF = "kind"

SCALARS = {
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}


def message_classes(package: str, messages: Mapping[str, Fields]) -> dict[str, Any]:
    """The classes of these messages by name; they may hold each other."""
    pool = DescriptorPool()
    pool.AddSerializedFile(TIMESTAMP.serialized_pb)
    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3", dependency=[TIMESTAMP.name])
    for name, fields in messages.items():
        _describe(file.message_type.add(name=name), f".{package}", fields)
    pool.AddSerializedFile(file.SerializeToString())
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in messages}


def _describe(message: DescriptorProto, package: str, fields: Fields) -> None:
    for name, (number, kind) in fields.items():
        field = message.field.add(name=name, number=number, label=FieldDescriptorProto.LABEL_OPTIONAL)
        if kind.startswith("|"):
            if not message.oneof_decl:
                message.oneof_decl.add(name=ONEOF)
            field.oneof_index = 0
        bare = kind.strip("|*{}")
        if kind.endswith("*"):
            field.label = FieldDescriptorProto.LABEL_REPEATED
        if kind.startswith("{"):
            entry = message.nested_type.add(name=f"{name.title()}Entry")
            entry.options.map_entry = True
            _describe(entry, package, {"key": (1, "string"), "value": (2, bare)})
            field.label = FieldDescriptorProto.LABEL_REPEATED
            _refer(field, f"{package}.{message.name}.{entry.name}")
        elif bare in SCALARS:
            field.type = SCALARS[bare]
        else:
            _refer(field, ".google.protobuf.Timestamp" if bare == "Timestamp" else f"{package}.{bare}")


def _refer(field: FieldDescriptorProto, name: str) -> None:
    field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, name
