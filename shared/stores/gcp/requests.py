"""Many things in as few requests as a service's limits allow."""

from collections.abc import Iterable, Iterator
from typing import Any


def batches(messages: Iterable[Any], most: int, most_bytes: int) -> Iterator[list[Any]]:
    """Protobuf messages, at most so many and so large together; a single larger one goes alone."""
    batch: list[Any] = []
    size = 0
    for message in messages:
        more = message.ByteSize()
        if batch and (len(batch) == most or size + more > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += more
    if batch:
        yield batch
