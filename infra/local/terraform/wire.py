"""The messages of Terraform's plugin protocol, version 5: the part that a stand-in for a provider needs.

Named as in HashiCorp's tfplugin5.proto, field numbers included. Requests and answers of several calls are one message
where their numbers agree: names do not travel, and what is not listed here is skipped when read.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "tfplugin5"
SERVICE = f"{PACKAGE}.Provider"

# Field: type and number; "*" repeats it, "%" makes it a map by string, "?" one of several of which one is there.
MESSAGES: dict[str, dict[str, tuple[str, int]]] = {
    "DynamicValue": {"msgpack": ("bytes", 1), "json": ("bytes", 2)},
    "Step": {"attribute_name": ("?string", 1), "element_key_int": ("?int64", 3)},
    "AttributePath": {"steps": ("*Step", 1)},
    "Diagnostic": {
        "severity": ("int64", 1),
        "summary": ("string", 2),
        "detail": ("string", 3),
        "attribute": ("AttributePath", 4),
    },
    "Attribute": {
        "name": ("string", 1),
        "type": ("bytes", 2),
        "required": ("bool", 4),
        "optional": ("bool", 5),
        "computed": ("bool", 6),
    },
    "NestedBlock": {
        "type_name": ("string", 1),
        "block": ("Block", 2),
        "nesting": ("int64", 3),
        "min_items": ("int64", 4),
        "max_items": ("int64", 5),
    },
    "Block": {"version": ("int64", 1), "attributes": ("*Attribute", 2), "block_types": ("*NestedBlock", 3)},
    "Schema": {"version": ("int64", 1), "block": ("Block", 2)},
    "Schemas": {
        "provider": ("Schema", 1),
        "resource_schemas": ("%Schema", 2),
        "data_source_schemas": ("%Schema", 3),
        "diagnostics": ("*Diagnostic", 4),
    },
    "Empty": {},
    "Diagnostics": {"diagnostics": ("*Diagnostic", 1)},
    "Configuration": {"terraform_version": ("string", 1), "config": ("DynamicValue", 2)},
    "ProviderConfiguration": {"config": ("DynamicValue", 1)},
    "Prepared": {"prepared_config": ("DynamicValue", 1), "diagnostics": ("*Diagnostic", 2)},
    "RawState": {"json": ("bytes", 1)},
    "OldState": {"type_name": ("string", 1), "version": ("int64", 2), "raw_state": ("RawState", 3)},
    "Typed": {"type_name": ("string", 1), "value": ("DynamicValue", 2)},
    "State": {"value": ("DynamicValue", 1), "diagnostics": ("*Diagnostic", 2)},
    "Change": {"type_name": ("string", 1), "prior_state": ("DynamicValue", 2), "next_state": ("DynamicValue", 3)},
    "Planned": {"planned_state": ("DynamicValue", 1), "legacy_type_system": ("bool", 5)},
    "Applied": {"new_state": ("DynamicValue", 1), "legacy_type_system": ("bool", 4)},
}

CALLS = {
    "GetSchema": ("Empty", "Schemas"),
    "PrepareProviderConfig": ("ProviderConfiguration", "Prepared"),
    "ValidateResourceTypeConfig": ("Typed", "Diagnostics"),
    "ValidateDataSourceConfig": ("Typed", "Diagnostics"),
    "Configure": ("Configuration", "Diagnostics"),
    "UpgradeResourceState": ("OldState", "State"),
    "ReadResource": ("Typed", "State"),
    "ReadDataSource": ("Typed", "State"),
    "PlanResourceChange": ("Change", "Planned"),
    "ApplyResourceChange": ("Change", "Applied"),
    "Stop": ("Empty", "Empty"),
}
"""Call → the messages of its request and its answer."""


def classes() -> dict[str, Any]:
    """Message → its class."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{PACKAGE}.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (kind, number) in fields.items():
            _add(message, field, kind, number)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in MESSAGES}


def _add(message: Any, name: str, kind: str, number: int) -> None:
    if kind.startswith("%"):
        kind = f"*{message.name}.{_map_entry(message, name, kind[1:])}"
    field = message.field.add(name=name, number=number, label=3 if kind.startswith("*") else 1)
    if kind.startswith("?"):
        if not message.oneof_decl:
            message.oneof_decl.add(name="selector")
        field.oneof_index = 0
    _set_type(field, kind.lstrip("*?"))


def _map_entry(message: Any, name: str, kind: str) -> str:
    entry = message.nested_type.add(name="".join(part.title() for part in name.split("_")) + "Entry")
    entry.options.map_entry = True
    _set_type(entry.field.add(name="key", number=1, label=1), "string")
    _set_type(entry.field.add(name="value", number=2, label=1), kind)
    return str(entry.name)


def _set_type(field: Any, kind: str) -> None:
    if kind[0].isupper():
        field.type = field.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{kind}"
    else:
        field.type = getattr(field, f"TYPE_{kind.upper()}")
