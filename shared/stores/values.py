"""What every backend accepts and refuses alike, so that what works on a laptop works in production."""

from collections.abc import Mapping
from datetime import datetime

from shared.stores.ports import Value

MAX_KEY_CHARACTERS = 512
MAX_DOCUMENT_BYTES = 1_000_000  # Firestore's limit is 1 MiB by its own count of bytes; this leaves it room
INT64 = 2**63


def check_key(key: str) -> None:
    """Raises ValueError for a key that no backend stores."""
    if not 0 < len(key) <= MAX_KEY_CHARACTERS:
        raise ValueError(f"key: expected 1 to {MAX_KEY_CHARACTERS} characters, found {len(key)}")


def check_fields(fields: Mapping[str, Value]) -> None:
    """Raises ValueError for a value that some backend would refuse or silently change."""
    for name, value in fields.items():
        if not name or name.startswith("_"):
            raise ValueError(f"{name!r}: expected a field name that does not begin with an underscore")
        if isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError(f"{name}: expected a time with its zone, found {value.isoformat()}")
        if isinstance(value, int) and not -INT64 <= value < INT64:
            raise ValueError(f"{name}: expected an integer of 64 bits, found {value}")


def check_size(size: int) -> None:
    """Raises ValueError for a document, encoded to `size` bytes, that Firestore would refuse."""
    if size > MAX_DOCUMENT_BYTES:
        raise ValueError(f"a document: expected at most {MAX_DOCUMENT_BYTES} bytes, found {size}")
