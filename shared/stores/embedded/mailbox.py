"""Messages once, deliveries per subscription, in SQL."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection

import msgspec

from shared.stores.embedded.lanes import Delivery
from shared.stores.embedded.sqlite import Database
from shared.stores.ports import Message

SCHEMA = """
    CREATE TABLE IF NOT EXISTS subscriptions (subscription TEXT PRIMARY KEY, topic TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL, data BLOB NOT NULL, attributes BLOB NOT NULL, published_us INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS deliveries (
        subscription TEXT NOT NULL, message INTEGER NOT NULL, failures INTEGER NOT NULL,
        PRIMARY KEY (subscription, message)
    ) WITHOUT ROWID;
"""
REACHED = "SELECT subscription FROM subscriptions WHERE topic = ?"
LAST = "SELECT coalesce(max(id), 0) FROM messages"
STORE = "INSERT INTO messages (key, data, attributes, published_us) VALUES (?, ?, ?, ?)"
FAN_OUT = "INSERT INTO deliveries SELECT ?, id, 0 FROM messages WHERE id > ?"
TAKE = """
    SELECT id, key, data, attributes, published_us, failures FROM deliveries JOIN messages ON id = message
    WHERE subscription = ? AND message > ? ORDER BY message LIMIT ?
"""
ACK = "DELETE FROM deliveries WHERE subscription = ? AND message = ?"
# CROSS JOIN fixes the order of the two loops: the other one reads all deliveries for each message.
FORGET = """
    DELETE FROM messages WHERE id = ?1 AND NOT EXISTS (
        SELECT 1 FROM subscriptions CROSS JOIN deliveries USING (subscription) WHERE message = ?1
    )
"""
NACK = "UPDATE deliveries SET failures = failures + 1 WHERE subscription = ? AND message = ?"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEAD_LETTER = "CloudPubSubDeadLetterSource"


def store(connection: Connection, topic: str, messages: Iterable[Message]) -> list[str]:
    """Give the messages to the topic's subscriptions, and return these. Without any, nothing is kept."""
    reached = [str(name) for (name,) in connection.execute(REACHED, (topic,))]
    if reached:
        now = time.time_ns() // 1_000
        [last] = connection.execute(LAST).fetchone()
        connection.executemany(STORE, [_row(message, now) for message in messages])
        connection.executemany(FAN_OUT, [(name, last) for name in reached])
    return reached


class Mailbox:
    """The deliveries of one subscription: the consumer's Backlog."""

    def __init__(
        self, database: Database, subscription: str, dead_letter_topic: str | None, reached: Callable[[list[str]], None]
    ) -> None:
        self._database = database
        self._subscription = subscription
        self._dead_letter_topic = dead_letter_topic
        self._reached = reached

    def take(self, after: int, limit: int) -> list[Delivery]:
        with self._database.statement() as connection:
            rows = connection.execute(TAKE, (self._subscription, after, limit)).fetchall()
        return [_delivery(*row) for row in rows]

    def settle(self, acked: Sequence[Delivery], nacked: Sequence[Delivery], dead: Sequence[Delivery]) -> None:
        done = [*acked, *dead]
        letters = [self._dead_letter(delivery) for delivery in dead]
        with self._database.transaction() as connection:
            connection.executemany(ACK, [(self._subscription, delivery.id) for delivery in done])
            connection.executemany(FORGET, [(delivery.id,) for delivery in done])
            connection.executemany(NACK, [(self._subscription, delivery.id) for delivery in nacked])
            reached = store(connection, self._dead_letter_topic, letters) if self._dead_letter_topic else []
        if letters:
            self._reached(reached)

    def _dead_letter(self, delivery: Delivery) -> Message:
        attributes = {
            **delivery.message.attributes,
            f"{DEAD_LETTER}Subscription": self._subscription,
            f"{DEAD_LETTER}DeliveryCount": str(delivery.attempt),
            f"{DEAD_LETTER}TopicPublishTime": delivery.published_at.isoformat().replace("+00:00", "Z"),
        }
        return delivery.message._replace(attributes=attributes)


def _row(message: Message, now_us: int) -> tuple[str, bytes, bytes, int]:
    return message.key, message.data, msgspec.msgpack.encode(message.attributes), now_us


def _delivery(id: int, key: str, data: bytes, attributes: bytes, published_us: int, failures: int) -> Delivery:
    message = Message(data, key, msgspec.msgpack.decode(attributes))
    return Delivery(id, message, failures + 1, EPOCH + timedelta(microseconds=published_us))
