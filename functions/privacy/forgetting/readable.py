"""Packed values with the names of their fields, for people."""

from typing import Any

import msgspec


def readable(value: Any) -> Any:
    """The value as JSON can say it: structures as objects by field name, JSON in bytes as JSON, other bytes as hex."""
    if isinstance(value, msgspec.Struct):
        return {name: readable(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: readable(one) for name, one in value._asdict().items()}
    if isinstance(value, dict):
        return {str(name): readable(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [readable(one) for one in value]
    return _bytes(value) if isinstance(value, bytes) else value


def _bytes(value: bytes) -> Any:
    if value[:1] not in (b"{", b"["):
        return value.hex()
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return value.hex()
