"""What BigQuery subscriptions do in production: the messages of a topic become rows of a table."""

from collections.abc import Sequence

import msgspec

from infra.local.layout import TABLES
from shared.sql import JSON_COLUMNS
from shared.stores.ports import Message, Warehouse


def to_row(data: bytes) -> dict[str, object]:
    """The row of one message: its JSON, with JSON columns as text."""
    row: dict[str, object] = msgspec.json.decode(data)
    for name in JSON_COLUMNS:
        if name in row:
            row[name] = msgspec.json.encode(row[name]).decode()
    return row


def append(warehouse: Warehouse, topic: str, messages: Sequence[Message]) -> list[Message]:
    """Append the messages of the topic to its table; returns dead letters of those that do not fit it.

    Whatever does not fit is found by halves, so that one message holds up nobody. Raises RetryableError.
    """
    try:
        warehouse.append(TABLES[topic], [to_row(message.data) for message in messages])
    except (ValueError, msgspec.DecodeError) as error:
        if len(messages) == 1:
            return [_dead_letter(messages[0], topic, error)]
        middle = len(messages) // 2
        return append(warehouse, topic, messages[:middle]) + append(warehouse, topic, messages[middle:])
    return []


def _dead_letter(message: Message, topic: str, error: Exception) -> Message:
    told = {"reason": str(error)[:1_000], "function": f"{topic}-to-warehouse", "topic": topic}
    return message._replace(attributes={**message.attributes, **told})
