"""What storage must promise. One contract suite per port (tests/contract) runs on every backend.

Every method may raise RetryableError (the store is away, contended or out of time) and nothing else
that a caller could act upon. Keys are the caller's: any string up to 512 characters; a backend hashes or escapes them.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import pyarrow

Value = None | bool | int | float | str | bytes | datetime | list[str] | dict[str, float]
Fields = Mapping[str, Value]

ABSENT = ""
"""The version of a document that does not exist."""


class Document(NamedTuple):
    """A document as read: its fields and the version that a compare-and-set must name."""

    fields: Fields
    version: str


class Message(NamedTuple):
    """What a topic carries. `key` orders messages of one key where the topic's subscription asks for order."""

    data: bytes
    key: str = ""
    attributes: Mapping[str, str] = {}


class Letter(NamedTuple):
    """A dead letter, and the mark by which it is told from others."""

    mark: str
    message: Message


class Write(NamedTuple):
    """A document to be replaced, or without fields deleted, if it is still at `version` (ABSENT: to be created)."""

    collection: str
    key: str
    fields: Fields | None
    version: str


class Documents(Protocol):
    """Documents by collection and key. A write is durable when its call returns.

    `counts` counts what the backend was asked for, in documents: "reads" and "writes".
    """

    counts: Counter[str]

    async def get(self, collection: str, key: str, fields: Sequence[str] | None = None) -> Document | None:
        """The document, or None. With `fields`, at least those of its fields are present."""

    async def get_many(self, collection: str, keys: Sequence[str]) -> dict[str, Document]:
        """The documents that exist among `keys`, by key, in one round trip."""

    async def put(self, collection: str, key: str, fields: Fields, version: str) -> str:
        """Replace the document if it is still at `version` (ABSENT: create it); return the new version.

        Raises ConflictError when it is not, and writes nothing.
        """

    async def put_all(self, writes: Sequence[Write]) -> list[str]:
        """`put` for several documents, all of them or none; the new versions (ABSENT: deleted).

        Raises ConflictError likewise.
        """

    async def merge(self, collection: str, documents: Mapping[str, Fields]) -> None:
        """Set these fields of these documents and leave their other fields alone; create what is missing.

        Not atomic over documents; calling it again with the same values is harmless.
        """

    async def delete(self, collection: str, keys: Sequence[str]) -> None:
        """Delete the documents; those that do not exist are no error."""

    def scan(self, collection: str) -> AsyncIterator[tuple[str, Document]]:
        """Every (key, document) of the collection, in no particular order. For jobs, never on a request's way."""

    async def close(self) -> None:
        """Let go of connections and files."""


class Topics(Protocol):
    """Topics with at-least-once delivery: what `publish` took reaches every subscription once or more."""

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """Return when all messages are durable. On an error any of them may or may not have been taken.

        Raises OverQuotaError when the platform asks for a slower pace.
        """

    async def check(self, topic: str) -> None:
        """Return if the topic takes messages now, as far as can be told without publishing one."""

    async def close(self) -> None:
        """Let go of connections and files."""


class Letters(Protocol):
    """The dead letters that are kept. Synchronous: jobs call it from a thread, and open it anew each time."""

    def read(self) -> list[Letter]:
        """Some letters that have not been read before; none at the end."""

    def ack(self, letters: Sequence[Letter]) -> None:
        """They are done with. Those that were read last can be."""

    def close(self) -> None:
        """Give back what was read and not acknowledged."""


class Warehouse(Protocol):
    """Tables and SQL. The text is GoogleSQL on every backend. Synchronous: jobs call it from a thread."""

    def run(self, script: str) -> None:
        """Run statements that return nothing (DDL, DML), separated by semicolons."""

    def append(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Append rows, at least once (tables are deduplicated where they are read).

        A row maps column to JSON value: times as RFC 3339 strings, records as mappings, JSON columns as JSON text.
        """

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> "pyarrow.Table":
        """The rows of one SELECT; `@name` parameters are bool, int, float, str, aware datetime, or lists of these."""

    def close(self) -> None:
        """Let go of connections and files."""
