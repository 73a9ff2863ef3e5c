"""Published models: data with a format number and a checksum, published first, pointed at last."""

from hashlib import blake2b
from typing import TypeVar

import msgspec

from shared.errors import PermanentError, Problem
from shared.stores.ports import Fields

COLLECTION = "models"
POINTER = "current"
"""The document that names the live version of each model."""

CARDS = "model_cards"
"""What is known of every version for good, also of those whose data are gone or lie in item documents."""

FORMAT = 1
M = TypeVar("M", bound=msgspec.Struct)


def pack_model(name: str, version: str, model: msgspec.Struct) -> tuple[str, Fields]:
    """The document key and fields under which this version of the model is stored."""
    payload = msgspec.msgpack.encode(model)
    fields: Fields = {
        "name": name,
        "version": version,
        "format": FORMAT,
        "checksum": checksum(payload),
        "payload": payload,
    }
    return model_key(name, version), fields


def unpack_model(fields: Fields, kind: type[M]) -> M:
    """The model of its document. Raises PermanentError if it is damaged or of another format."""
    payload = fields.get("payload")
    if fields.get("format") != FORMAT or not isinstance(payload, bytes):
        raise PermanentError("unreadable model", (Problem("format", str(FORMAT), str(fields.get("format"))),))
    if fields.get("checksum") != checksum(payload):
        raise PermanentError("damaged model", (Problem("checksum", str(fields.get("checksum")), checksum(payload)),))
    return msgspec.msgpack.decode(payload, type=kind)


def model_key(name: str, version: str) -> str:
    """The document key of one version."""
    return f"{name}@{version}"


def checksum(payload: bytes) -> str:
    """32 hexadecimal digits."""
    return blake2b(payload, digest_size=16).hexdigest()
