"""What a training comes to: a model that is ready to be published, or a reason why there is none."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Literal, NamedTuple

import msgspec

from shared.models.artifact import COLLECTION, checksum, pack_model
from shared.stores.ports import Fields

Model = Literal["personas", "neighbours", "popularity", "blend", "conversion", "churn", "paths", "exploration"]

VERSION_TIME = "%Y%m%dT%H%M%SZ"

Batch = tuple[str, dict[str, Fields]]
"""A collection, and documents of it by key."""


class Fitted(NamedTuple):
    """A model of this version.

    Attributes:
        documents: makes its documents anew, batch by batch; all of them must be stored before the pointer moves.
        facts: what is told of it, as JSON values.
        relations: makes anew what the item documents are to hold, packed, by item: for one model of a training.
        picture: an SVG for its card.
        doubt: why it should not go live, as its own training sees it; empty if it may.
        candidates: makes anew what people are to be shown who were active lately, packed, by person.
    """

    version: str
    documents: Callable[[], Iterator[Batch]]
    facts: Mapping[str, object]
    relations: Callable[[], Iterator[tuple[str, bytes]]] | None = None
    picture: str = ""
    doubt: str = ""
    candidates: Callable[[], Iterator[tuple[str, bytes]]] | None = None


class Refused(NamedTuple):
    """There is too little to learn from. The live model stays."""

    reason: str


class Trained(NamedTuple):
    """The result of one model's training and how long it took."""

    result: Fitted | Refused
    seconds: float


def fitted(name: Model, model: msgspec.Struct, cutoff: datetime, facts: Mapping[str, object]) -> Fitted:
    """A model that is one document: its version is in it and goes by the rest of its content.

    Raises FloatingPointError if a number in it is none: it would order nothing, and no comparison would tell.
    """
    check_finite(model)
    version = version_of(cutoff, checksum(msgspec.msgpack.encode(model)))
    key, fields = pack_model(name, version, msgspec.structs.replace(model, version=version))
    return Fitted(version, lambda: iter([(COLLECTION, {key: fields})]), facts)


def check_finite(model: msgspec.Struct) -> None:
    """Raises FloatingPointError, naming the field, if a number is NaN or infinite."""
    for name, value in msgspec.to_builtins(model).items():
        if not _is_finite(value):
            raise FloatingPointError(f"{name} holds what is not a number")


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, Mapping):
        return all(map(_is_finite, value.values()))
    return not isinstance(value, list | tuple) or all(map(_is_finite, value))


def version_of(cutoff: datetime, digest: str) -> str:
    """The cutoff to the second, and six digits of the content's checksum.

    >>> version_of(datetime(2026, 11, 22, 6, 30, tzinfo=UTC), "0123456789abcdef")
    '20261122T063000Z-012345'
    """
    return f"{cutoff.astimezone(UTC):{VERSION_TIME}}-{digest[:6]}"


def report(trained: Trained) -> dict[str, object]:
    """What is told of a training, as JSON values."""
    result, seconds = trained.result, round(trained.seconds, 3)
    if isinstance(result, Refused):
        return {"status": "refused", "reason": result.reason, "seconds": seconds}
    return {"status": "published", "version": result.version, **result.facts, "seconds": seconds}
