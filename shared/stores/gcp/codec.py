"""Fields to Firestore's protobuf and back."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.stores.gcp.messages import ONEOF
from shared.stores.ports import Value

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SIMPLE_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*\Z")
QUOTED = str.maketrans({"\\": "\\\\", "`": "\\`"})


def encode(fields: Mapping[str, Value], target: Any) -> None:
    """Set the fields of a protobuf Document."""
    for name, value in fields.items():
        _encode(value, target.fields[name])


def decode(source: Any) -> dict[str, Value]:
    """The fields of a protobuf Document."""
    return {name: _decode(value) for name, value in source.fields.items()}


def paths(names: Iterable[str]) -> list[str]:
    """Field names as field paths."""
    return [name if SIMPLE_NAME.match(name) else f"`{name.translate(QUOTED)}`" for name in names]


def _encode(value: object, target: Any) -> None:
    match value:  # the frequent ones first: a profile is written with each of its events
        case str():
            target.string_value = value
        case bytes():
            target.bytes_value = value
        case float():
            target.double_value = value
        case bool():
            target.boolean_value = value
        case int():
            target.integer_value = value
        case datetime():
            since, time = value - EPOCH, target.timestamp_value
            time.seconds = since.days * 86_400 + since.seconds
            time.nanos = since.microseconds * 1_000
        case list() | tuple():
            array = target.array_value
            array.SetInParent()
            for element in value:
                _encode(element, array.values.add())
        case None:
            target.null_value = 0
        case Mapping():
            target.map_value.SetInParent()
            for key, element in value.items():
                _encode(element, target.map_value.fields[_escaped(key)])
        case _:
            raise ValueError(f"a document cannot hold {type(value).__name__} {value!r}")


def _decode(value: Any) -> Any:
    kind = value.WhichOneof(ONEOF)
    match kind:
        case "null_value" | None:
            return None
        case "timestamp_value":
            time = value.timestamp_value
            return EPOCH + timedelta(seconds=time.seconds, microseconds=time.nanos // 1_000)
        case "array_value":
            return [_decode(element) for element in value.array_value.values]
        case "map_value":
            return {_unescaped(key): _decode(element) for key, element in value.map_value.fields.items()}
        case _:
            return getattr(value, kind)


def _escaped(key: str) -> str:
    """Firestore refuses the keys "" and "__…__" in a map."""
    return f"\\{key}" if not key or key.startswith(("__", "\\")) else key


def _unescaped(key: str) -> str:
    return key.removeprefix("\\")
