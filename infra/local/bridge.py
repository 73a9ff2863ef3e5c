"""What BigQuery subscriptions do in production: the messages of a topic become rows of a table."""

from collections.abc import Iterable

import msgspec

from infra.local.layout import TABLES
from shared.stores.ports import Message, Warehouse

JSON_COLUMNS = ("properties", "model_versions")


def to_row(data: bytes) -> dict[str, object]:
    """The row of one message: its JSON, with JSON columns as text."""
    row: dict[str, object] = msgspec.json.decode(data)
    for name in JSON_COLUMNS:
        if name in row:
            row[name] = msgspec.json.encode(row[name]).decode()
    return row


def append(warehouse: Warehouse, topic: str, messages: Iterable[Message]) -> int:
    """Append the messages of the topic to its table; returns how many there were."""
    rows = [to_row(message.data) for message in messages]
    warehouse.append(TABLES[topic], rows)
    return len(rows)
