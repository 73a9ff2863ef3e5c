"""The push body, read as quickly as can be, unchecked."""

from base64 import b64decode
from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode


def read_event(body: bytes) -> Any:
    """The event of a push body; None if there is no body."""
    return _decode(b64decode(_decode(body)["message"]["data"])) if body else None
