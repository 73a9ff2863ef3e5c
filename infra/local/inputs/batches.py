"""Events → request bodies of bounded size."""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from infra.local.inputs.input import Fields

_encode = msgspec.json.Encoder().encode


class Batch(NamedTuple):
    """Neighbouring events as JSON, and the place of the first in the input."""

    first: int
    events: tuple[bytes, ...]

    @property
    def body(self) -> bytes:
        return b"[" + b",".join(self.events) + b"]"

    def halves(self) -> tuple["Batch", "Batch"]:
        """The batch as two, for a server that takes less at once."""
        middle = len(self.events) // 2
        return Batch(self.first, self.events[:middle]), Batch(self.first + middle, self.events[middle:])


def cut(events: Iterable[Fields], most: int, most_bytes: int) -> Iterator[Batch]:
    """Batches of at most `most` events and bodies of at most `most_bytes`; an event larger than that goes alone."""
    first = size = 0
    held: list[bytes] = []
    for event in events:
        encoded = encode(event)
        # Each event brings a comma or a bracket, and the body one bracket more.
        if held and (len(held) == most or size + len(encoded) + 2 > most_bytes):
            yield Batch(first, tuple(held))
            first, size, held = first + len(held), 0, []
        held.append(encoded)
        size += len(encoded) + 1
    if held:
        yield Batch(first, tuple(held))


def encode(event: Fields) -> bytes:
    """The event as JSON."""
    try:
        return _encode(event)
    except UnicodeEncodeError:
        # What was no UTF-8 stays none, and the receiver refuses this one event; escaped, it would spoil the batch.
        return json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")
